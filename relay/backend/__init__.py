"""What runs a Relay module. `interpreter` computes it with the operators' NumPy references; the rest compiles it.

A fused function goes through `inline` (only operators are left), `program` (a Relax module) and `lower` (a TensorIR
function each, from the tensor expressions in `te`). `executor_factory` and `graph_executor` are what comes of it.
"""
