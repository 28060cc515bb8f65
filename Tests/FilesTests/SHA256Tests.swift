import Files
import Testing
import TestSupport

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "of known texts equals the standard's, in one part, in several, and from a file",
        arguments: [
            // FIPS 180-4.
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func known(text: String, digest: String) throws {
        #expect(sha256(Array(text.utf8)) == digest)
        var parts = SHA256()
        for byte in text.utf8 { parts.add([byte]) }
        #expect(parts.hex == digest)
        #expect(parts.hex == digest, "asking twice")
        let folder = try TemporaryFolder()
        #expect(try sha256(ofFile: folder.write(text, to: "text")) == digest)
    }

    @Test("of floats is that of their bytes, the lowest first")
    func floats() {
        var (floats, bytes) = (SHA256(), SHA256())
        floats.add([1, -.infinity] as [Float])
        bytes.add([0, 0, 0x80, 0x3F, 0, 0, 0x80, 0xFF] as [UInt8])
        #expect(floats.hex == bytes.hex)
    }

    @Test("of a file that is not there is an error")
    func missing() {
        #expect(throws: FileError.self) { try sha256(ofFile: "/nowhere/text") }
    }
}
