"""What portway offers to tests: its own and its users'.

It stands at the top of the layers, so it may use every part; nothing but tests and tools uses it.
"""
