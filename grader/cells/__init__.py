"""The cells of a notebook, and the module that they make. No line of a notebook is ever run here.

reading.py      a file of Jupyter's to cells
magics.py       a cell's text to Python: without `%magic`, `!command` and `help?`
statements.py   Python to statements that can be taken one by one, and the names each reads, binds and changes
slicing.py      statements to the module that an exercise asks for, and an account of what was taken from where
places.py       a line of that module back to the line of its cell
"""
