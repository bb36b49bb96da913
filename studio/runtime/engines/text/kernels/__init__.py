"""What a packed model computes on a processor, compiled for it. Reads no file, knows no model.

torch has no kernel that multiplies one row with 8-bit weights as fast as memory gives them, and a
layer of small operations costs it more than the products. numba compiles these to the processor's
own instructions and keeps the machine code beside this package, as Python does with its bytecode.

Weights and inputs are whole numbers. A row of weights has a scale for each 16 or 32 of them, and so
has a row of inputs; each input is cut into one or two *byte planes* of 8 bits
(``activation_precision`` decides).
Sums of whole numbers are exact, and those of different scales are added in one order, so a product
has the same bits in any company: alone or beside other rows, on one thread or on many. That is what
makes a text repeatable.

* ``cpu_features`` finds what the processor can, ``dot_products`` emits it, and ``tile_products``
  for many rows where there are tiles; ``matmul`` uses it;
* ``quantised_activations`` says how inputs lie, and ``quantise`` cuts them; ``packed_matrix`` and
  ``packed_layout`` hold weights;
* ``norm_and_gate`` does what lies between products, ``attention`` is attention, ``f32_gemm`` its
  products of floats, and ``scalar_math`` functions like exp;
* ``whole_step`` takes rows through all layers of a model in one call;
* ``parallel_for`` runs it on torch's threads, and ``team_work`` says how they share the work.

Whoever only asks what is here imports ``cpu_features`` or ``packed_matrix``: the rest needs the
compiler.
"""
