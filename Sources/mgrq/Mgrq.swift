/// The command line: the one place where everything meets.
@main
struct Mgrq {
    static func main() {}
}
