"""The steps: who runs, what each step computes, and what is made of its outputs."""
