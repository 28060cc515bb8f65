internal import Safetensors

/// What a pickle can be made of here: data, and nothing that does anything.
///
/// Containers lie in arenas of the machine that read them, and values hold their indices, so that no value is nested:
/// neither copying nor freeing one can take long or overflow the stack, whatever a file says.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case text(String)
    /// A type or a function, by module and name; one of those in `PickleMachine.globals`.
    case global(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case storage(Int)
    case tensor(Int)
}

/// The elements that a tensor shares with others: one entry of the zip file.
struct TorchStorage {
    /// The type of the elements.
    let type: ElementType
    /// The entry's name behind `data/`.
    let key: String
    /// The number of elements.
    let count: Int
}

/// A view of a storage; nothing of it has been checked against the storage's bytes.
struct TorchTensor {
    let storage: TorchStorage
    /// Where the first element lies, in elements.
    let offset: Int
    let shape: [Int]
    /// The distance of neighbours along each axis, in elements.
    let strides: [Int]

    /// The number of elements.
    var count: Int { shape.reduce(1, *) }
    /// Whether the elements follow one another in row-major order.
    var isContiguous: Bool {
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() {
            if extent != 1, stride != expected { return false }
            expected *= extent
        }
        return true
    }
}
