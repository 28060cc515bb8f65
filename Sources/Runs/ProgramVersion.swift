/// The program's version, which files that it writes name.
package let programVersion = "0.1.0"
