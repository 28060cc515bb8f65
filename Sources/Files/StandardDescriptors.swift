internal import Glibc

/// Opens the standard descriptors that were closed when the process began, so that no file takes their numbers.
///
/// Reading from them and writing to them fails as it does for closed ones. Call it before anything is opened.
package func openStandardDescriptors() {
    for (descriptor, mode) in [
        (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ]
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
        // The lowest free number is taken, which is this one.
        _ = unsafe open("/dev/null", mode)
    }
}
