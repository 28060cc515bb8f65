internal import Safetensors

extension PickleMachine {
    /// Refuses metadata by which a tensor's values are not those of its storage.
    func checkMetadata(_ value: PickleValue) throws(CheckpointError) {
        if case .none = value { return }
        guard case .dictionary(let index) = value else { throw unsupported("this tensor's metadata") }
        for (key, value) in dictionaries[index] {
            if case .bool(false) = value { continue }
            let name = if case .text(let text) = key { quoted(text) } else { "metadata" }
            throw unsupported("a tensor with \(name), whose values are not as they are stored,")
        }
    }

    /// Whether every element of a view is within its storage, and there are at most as many as in the storage.
    func check(_ view: TorchTensor) throws(CheckpointError) {
        var (count, last, overflows) = (1, view.offset, false)
        for (extent, stride) in zip(view.shape, view.strides) {
            let total = count.multipliedReportingOverflow(by: extent)
            let reach = max(0, extent - 1).multipliedReportingOverflow(by: stride)
            let end = last.addingReportingOverflow(reach.partialValue)
            overflows = overflows || total.overflow || reach.overflow || end.overflow
            (count, last) = (total.partialValue, end.partialValue)
        }
        let isEmpty = view.shape.contains(0)
        if !overflows, !isEmpty, last < view.storage.count, count > view.storage.count {
            throw failure(
                "a tensor of size \(view.shape) with strides \(view.strides) repeats the \(view.storage.count) elements of "
                    + "storage \(quoted(view.storage.key)), as an expanded one does; save it after .contiguous()"
            )
        }
        guard !overflows, isEmpty || (last < view.storage.count && count <= view.storage.count) else {
            throw failure(
                "a tensor of size \(view.shape) with strides \(view.strides) from \(view.offset) goes beyond the "
                    + "\(view.storage.count) elements of storage \(quoted(view.storage.key))")
        }
    }
}
