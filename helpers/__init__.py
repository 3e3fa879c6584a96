"""What a chapter imports to show, scope, import or check something.

    text       the text of a module without types and spans
    diff       what a pass changed: two modules, expression by expression
    registry   the partition rules: list them, clear them, put them back
    networks   a PyTorch network as a Relay module
    errors     an error that a chapter shows
    source     a function's source

Everything here uses only names that a genuine Relay has too.
"""
