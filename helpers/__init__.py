"""What a chapter imports to show, scope, import or check something.

    text            the text of a module without types and spans
    diff            what a pass changed: two modules, expression by expression
    graph           the data flow of a network as a picture
    registry        the partition rules: list them, clear them, put them back
    explorer        switches for the rules, and what comes of each choice
    networks        a PyTorch network as a Relay module
    image_networks  ResNet and MobileNetV2 in PyTorch
    errors          an error that a chapter shows
    source          a function's source
    scales          what each simulated_quantize rounds, and to multiples of what
    calibration     what calibration did: histograms with thresholds, errors, integers in use
    table           rows of plain values, as HTML or as text
    drawing         a matplotlib figure in the colours of the page
    timing          what a call of each of several programs takes, in turns; the processor
    profile         where a compiled network spends its time, layer by layer
    coverage     how much of a network rules cover, and what that is worth when it is quantized
    exercises       what is right in the answer to an exercise, and what is not yet

Everything here uses only names that a genuine Relay has too, but for `profile`: that Relay has no list of kernels.
"""
