"""Another model as the judge: by a rubric with described levels, or which of two answers is better.

The judge gives its reason first and its verdict after it, in a form that a grammar forces. What it
could not judge has no score, which is not a zero.
"""
