"""llama.cpp, by its low-level interface. The only package that imports `llama_cpp`.

It runs in the engine child: llama.cpp ends its process when it meets what it did not expect.
"""
