/// A path without its folders, for people: what stands after the last slash that is not at its end.
package func lastPart(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
