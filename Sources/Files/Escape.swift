/// A scalar as an escape with at least four digits, such as `\u001b`, as JSON has it below 0x10000.
package func hexadecimalEscape(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
