"""What a packed model computes on a processor, compiled for it. Reads no file, knows no model.

torch has no kernel that multiplies one row with 8-bit weights as fast as memory gives them, and a
layer of small operations costs it more than the products. numba compiles these to the processor's
own instructions and keeps the machine code beside this package, as Python does with its bytecode.

Weights and inputs are whole numbers. A row of weights shares one scale, and a row of inputs
another; each is cut into one or two *limbs* of 8 bits. Sums of whole numbers are exact, so a
product has the same bits in any company: alone or beside other rows, on one thread or on many.
That is what makes a text repeatable. Inputs always have two limbs: with one, the largest of a few
values would wipe out the rest (KL to float32 0.2 on a small model instead of 0.00002).

* ``instructions`` finds what the processor can, ``vectors`` emits it, ``products`` uses it;
* ``limbs`` says how inputs are cut, ``matrix`` how weights are;
* ``rows`` does what lies between products, ``looks`` is attention, ``tiles`` its products of floats
  and ``numbers`` functions like exp;
* ``threads`` shares the work among torch's threads.

Whoever only asks what is here imports ``instructions`` or ``matrix``: the rest needs the compiler.
"""
