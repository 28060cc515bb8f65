internal import TensorCore
internal import VisionTransformers

/// Memory of one worker for forward and backward passes of some images through consecutive full-precision units.
struct TwoWayPass: Sendable {
    /// The units, the output of one being the input of the next; with backward products.
    let units: [PreparedUnit]
    private let tapes: [Tape]
    private let outputs: [Matrix]
    private let gradients: [Matrix]
    private let scratch: [Tape]

    /// Makes room.
    ///
    /// - Parameters:
    ///   - units: The units; if there are none, nothing can be run.
    ///   - images: The greatest number of images in a pass.
    init(_ units: [PreparedUnit], images: Int) {
        self.units = units
        tapes = units.map { Tape(shapes: $0.unit.tapeShapes, images: images) }
        outputs = units.map { $0.unit.output.matrix(images: images) }
        gradients = units.map { $0.unit.output.matrix(images: images) }
        scratch = units.map { Tape(shapes: $0.unit.scratchShapes, images: images) }
    }

    /// Runs the units.
    ///
    /// - Parameters:
    ///   - input: `[images · rows, columns]`, the first unit's input.
    ///   - count: The images.
    /// - Returns: The last unit's output and its activations, until the next pass.
    func forward(_ input: Matrix, images count: Int) -> (output: Matrix, tape: Tape) {
        var current = input
        for (index, prepared) in units.enumerated() {
            let output = output(of: index, count)
            prepared.forward(current, tape: tapes[index].images(0..<count), output: output)
            current = output
        }
        return (current, tapes[units.count - 1].images(0..<count))
    }

    /// `[images · rows, columns]`: holds the gradient of the last unit's output; fill it before `backward`.
    func outputGradient(images count: Int) -> Matrix { gradient(of: units.count - 1, count) }

    /// Carries the gradient of the last unit's output back.
    ///
    /// - Parameters:
    ///   - input: The forward pass's input.
    ///   - count: The images.
    ///   - local: Gradients to add at the last unit's operators.
    ///   - dInput: `[images · rows, columns]`, overwritten with the gradient of the input; nil if it is not needed.
    ///   - visit: Called after each unit's backward pass, the last unit first, with its index and tape.
    func backward(
        _ input: Matrix, images count: Int, local: LocalGradients?, dInput: Matrix?,
        visit: (Int, Tape) -> Void = { _, _ in }
    ) {
        let last = units.count - 1
        for index in stride(from: last, through: 0, by: -1) {
            let prepared = units[index]
            let tape = tapes[index].images(0..<count)
            prepared.unit.backward(
                gradient(of: index, count), input: index == 0 ? input : output(of: index - 1, count),
                parameters: prepared.parameters, transform: prepared.transform, tape: tape,
                scratch: scratch[index].images(0..<count), local: index == last ? local : nil,
                dInput: index == 0 ? dInput : gradient(of: index - 1, count))
            visit(index, tape)
        }
    }

    private func output(of index: Int, _ count: Int) -> Matrix {
        outputs[index].rows(0..<count * units[index].unit.output.rows)
    }

    private func gradient(of index: Int, _ count: Int) -> Matrix {
        gradients[index].rows(0..<count * units[index].unit.output.rows)
    }
}
