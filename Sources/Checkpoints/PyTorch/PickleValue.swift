internal import Safetensors

/// The values of a pickle: data only, nothing that executes.
///
/// Containers are in arenas of the machine that read them, and values hold their indices, so that no value is nested:
/// copying or freeing one takes constant time and stack, whatever the file holds.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case text(String)
    /// Bytes, which nothing here reads.
    case bytes
    /// A type or a function, by module and name.
    case global(String)
    /// What a type or a function that is not known here would have made, by its name; with the pairs that were put into
    /// it, as into a dictionary.
    case object(String, Int)
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
    /// The entry's name after `data/`.
    let key: String
    /// The number of elements.
    let count: Int
}

/// A view of a storage; nothing of it has been checked against the storage's bytes.
struct TorchTensor {
    let storage: TorchStorage
    /// The position of the first element, in elements.
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
