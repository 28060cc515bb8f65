import Synchronization
import TensorCore
import Testing

@Suite("Worker pool")
struct WorkerPoolTests {
    @Test(
        "every task is carried out once, whatever the number of threads", arguments: [1, 2, 3, 7],
        [0, 1, 2, 5, 1000])
    func everyTaskOnce(threads: Int, count: Int) {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        for _ in 0..<20 {
            let seen = Mutex(Array(repeating: 0, count: count))
            pool.run(count) { task, worker in
                #expect(worker >= 0 && worker < threads)
                seen.withLock { $0[task] += 1 }
            }
            #expect(seen.withLock { $0 } == Array(repeating: 1, count: count))
        }
    }
}

@Suite("Seeded generator")
struct SeededGeneratorTests {
    @Test(
        "a permutation holds every number once and follows from the seed",
        arguments: [0, 1, 2, 17] as [UInt64])
    func permutation(seed: UInt64) {
        var first = SeededGenerator(seed: seed, stream: "a")
        var again = SeededGenerator(seed: seed, stream: "a")
        var other = SeededGenerator(seed: seed, stream: "b")
        let order = first.permutation(of: 100)
        #expect(order.sorted() == Array(0..<100))
        #expect(order == again.permutation(of: 100))
        #expect(order != other.permutation(of: 100))
        var next = SeededGenerator(seed: seed + 1, stream: "a")
        #expect(order != next.permutation(of: 100))
    }

    @Test("indices below a bound are spread evenly", arguments: [1, 2, 7, 10])
    func indices(bound: Int) {
        var generator = SeededGenerator(seed: 3)
        var counts = Array(repeating: 0, count: bound)
        for _ in 0..<1000 * bound {
            counts[generator.index(below: bound)] += 1
        }
        #expect(counts.allSatisfy { abs($0 - 1000) < 150 })
    }
}
