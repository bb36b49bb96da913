"""What a packed model computes on a processor, compiled for it. Reads no file, knows no model.

torch has no kernel that multiplies one row with 8-bit weights as fast as memory gives them, and a
layer of small operations costs it more than the products. numba compiles these to the processor's
own instructions and keeps the machine code beside this package, as Python does with its bytecode.

Weights and inputs are whole numbers. A row of weights has a scale for each 16 or 32 of them, and so
has a row of inputs; each input is cut into one or two *limbs* of 8 bits (``closeness`` decides).
Sums of whole numbers are exact, and those of different scales are added in one order, so a product
has the same bits in any company: alone or beside other rows, on one thread or on many. That is what
makes a text repeatable.

* ``instructions`` finds what the processor can, ``vectors`` emits it, ``products`` uses it;
* ``limbs`` says how inputs lie, and ``cuts`` cuts them; ``matrix`` and ``records`` hold weights;
* ``rows`` does what lies between products, ``looks`` is attention, ``tiles`` its products of floats
  and ``numbers`` functions like exp;
* ``threads`` shares the work among torch's threads.

Whoever only asks what is here imports ``instructions`` or ``matrix``: the rest needs the compiler.
"""
