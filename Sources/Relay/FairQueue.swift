package import Statements

/// What waits for the one writer, so that nobody waits for another's pile: parties take turns within a precedence, and
/// no precedence takes a whole batch while a lower one waits.
///
/// It holds at most ``limit`` units of cost. When it is full, what came last of the party with the largest pile makes
/// room for a party with a smaller one: whoever fills the queue is turned away, and not the others. Nothing has to go
/// for somebody who would not find room by it.
package struct FairQueue<Item: Sendable>: Sendable {
    /// Whether something found its place.
    package struct Admission: Sendable {
        package let isAdded: Bool
        /// What had to make room.
        package let displaced: [Item]
    }

    private struct Entry: Sendable {
        let item: Item
        let cost: Int
    }

    /// The parties that have something of one precedence, in the order of their turns.
    private struct Lane: Sendable {
        var turns = Line<PartyID>()
        var piles: [PartyID: Line<Entry>] = [:]
    }

    private let limit: Int
    /// Percent of what is left of a batch that a precedence above `routine` may take while lower ones wait.
    private let share: Int
    private var lanes = Precedence.allCases.map { _ in Lane() }
    private var loads: [PartyID: (count: Int, cost: Int)] = [:]
    private var cost = 0
    package private(set) var count = 0

    /// - Parameters:
    ///   - limit: units of cost.
    ///   - share: percent, 1 to 99.
    package init(limit: Int, share: Int) {
        self.limit = limit
        self.share = share
    }

    package var isEmpty: Bool { count == 0 }

    /// How many are answered before something new of the party at the latest, itself among them.
    package func place(of party: PartyID) -> Int {
        let own = loads[party]?.count ?? 0
        return min(count, own * loads.count + loads.count) + 1
    }

    /// - Parameters:
    ///   - cost: what is larger than the whole queue counts as all of it, so that an empty one takes anything.
    ///   - isExempt: the relay's own acts are few, and are never turned away.
    package mutating func add(
        _ item: Item, of party: PartyID, _ precedence: Precedence, cost: Int, isExempt: Bool = false
    ) -> Admission {
        let cost = min(cost, limit)
        guard let losers = isExempt ? [] : losers(for: party, cost: cost) else {
            return Admission(isAdded: false, displaced: [])
        }
        let displaced = losers.compactMap { displace($0) }
        let lane = precedence.rawValue
        if lanes[lane].piles[party] == nil { lanes[lane].turns.append(party) }
        lanes[lane].piles[party, default: Line()].append(Entry(item: item, cost: cost))
        charge(party, 1, cost)
        return Admission(isAdded: true, displaced: displaced)
    }

    /// The next batch: from `flash` down each precedence takes its share, and what then is left goes from `flash` down
    /// again.
    package mutating func take(_ most: Int) -> [Item] {
        var taken: [Item] = []
        taken.reserveCapacity(min(most, count))
        for precedence in Precedence.allCases.reversed() {
            let room = most - taken.count
            take(precedence == .routine ? room : max(1, room * share / 100), of: precedence, into: &taken)
        }
        for precedence in Precedence.allCases.reversed() { take(most - taken.count, of: precedence, into: &taken) }
        return taken
    }

    private mutating func take(_ most: Int, of precedence: Precedence, into taken: inout [Item]) {
        let lane = precedence.rawValue
        var room = most
        while room > 0, let party = lanes[lane].turns.popFirst() {
            guard let entry = lanes[lane].piles[party]?.popFirst() else { continue }
            if lanes[lane].piles[party]?.isEmpty == false {
                lanes[lane].turns.append(party)
            } else {
                lanes[lane].piles[party] = nil
            }
            charge(party, -1, -entry.cost)
            taken.append(entry.item)
            room -= 1
        }
    }

    /// Whose newest must go, one after another, so that there is room: each time that of whoever then has the most, as
    /// long as that is more than the one who asks would have.
    /// - Returns: nil if those that may go do not make enough room.
    private func losers(for party: PartyID, cost: Int) -> [PartyID]? {
        let own = (loads[party]?.cost ?? 0) + cost
        var missing = self.cost + cost - limit
        guard missing > 0 else { return [] }
        var others = loads.filter { $0.key != .relay && $0.key != party }
        var losers: [PartyID] = []
        while missing > 0 {
            let longest = others.max { ($0.value.cost, $1.key) < ($1.value.cost, $0.key) }
            guard let (loser, load) = longest, load.cost > own,
                let gone = newest(of: loser, before: (loads[loser]?.count ?? 0) - load.count)
            else { return nil }
            others[loser] = (load.count - 1, load.cost - gone)
            missing -= gone
            losers.append(loser)
        }
        return losers
    }

    /// The cost of a party's newest of the lowest precedence, or of one further on in the order in which they go.
    private func newest(of party: PartyID, before: Int) -> Int? {
        var place = before
        for lane in lanes {
            guard let pile = lane.piles[party] else { continue }
            if place < pile.count { return pile.last(before: place)?.cost }
            place -= pile.count
        }
        return nil
    }

    /// Takes out a party's newest of the lowest precedence.
    private mutating func displace(_ party: PartyID) -> Item? {
        for lane in lanes.indices {
            guard let entry = lanes[lane].piles[party]?.popLast() else { continue }
            if lanes[lane].piles[party]?.isEmpty == true {
                lanes[lane].piles[party] = nil
                lanes[lane].turns.remove(party)
            }
            charge(party, -1, -entry.cost)
            return entry.item
        }
        return nil
    }

    private mutating func charge(_ party: PartyID, _ number: Int, _ cost: Int) {
        count += number
        self.cost += cost
        var load = loads[party] ?? (0, 0)
        load.count += number
        load.cost += cost
        loads[party] = load.count == 0 ? nil : load
    }
}

/// First in, first out, in constant time each.
private struct Line<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var first = 0

    var isEmpty: Bool { first == elements.count }
    var count: Int { elements.count - first }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard first < elements.count else { return nil }
        let element = elements[first]
        elements[first] = nil
        first += 1
        if first > 32, first * 2 > elements.count {
            elements.removeFirst(first)
            first = 0
        }
        return element
    }

    mutating func popLast() -> Element? { isEmpty ? nil : elements.removeLast() }

    /// The last one, or the one that is so many places before it.
    func last(before places: Int) -> Element? { places < count ? elements[elements.count - 1 - places] : nil }
}

extension Line where Element: Equatable {
    /// In time that grows with the line.
    mutating func remove(_ element: Element) {
        elements.removeFirst(first)
        first = 0
        elements.removeAll { $0 == element }
    }
}
