/// Letters that one would type for those that stand there (`FoldedLetters` says which), as UTF-8: case, diacritics,
/// Arabic and Persian letter forms, tatweel, vowel signs, Arabic digits, zero-width and direction marks do not count.
enum Folding {
    /// Adds the folded text.
    static func fold(_ text: String, into folded: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes in
            folded.reserveCapacity(folded.count + bytes.count)
            var at = 0
            while at < bytes.count { at += foldNext(bytes, at, into: &folded) }
        }
    }

    static func fold(_ text: String) -> [UInt8] {
        var folded: [UInt8] = []
        fold(text, into: &folded)
        return folded
    }

    /// The folded text, and for each of its bytes the place in the text's UTF-8 that it comes from.
    static func traced(_ text: String) -> (folded: [UInt8], origins: [Int]) {
        var text = text
        var folded: [UInt8] = []
        var origins: [Int] = []
        text.withUTF8 { bytes in
            var at = 0
            while at < bytes.count {
                let step = foldNext(bytes, at, into: &folded)
                origins += repeatElement(at, count: folded.count - origins.count)
                at += step
            }
        }
        return (folded, origins)
    }

    /// Folds the character that begins at `at`; the bytes are those of a `String`, so valid UTF-8.
    /// - Returns: how many bytes it has.
    private static func foldNext(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, into folded: inout [UInt8]) -> Int {
        let first = bytes[at]
        if first < 0x80 {
            folded.append((0x41...0x5A).contains(first) ? first | 0x20 : first)
            return 1
        }
        let size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = UInt32(first) & (0x7F >> UInt32(size))
        for next in bytes[(at + 1)..<min(at + size, bytes.count)] { value = value << 6 | UInt32(next & 0x3F) }
        if size == 2 {
            folded.append(contentsOf: FoldedLetters.common[Int(value) - 0x80])
        } else if let scalar = Unicode.Scalar(value) {
            folded.append(contentsOf: FoldedLetters.folded(scalar))
        }
        return size
    }
}

/// What each character outside ASCII is folded to.
enum FoldedLetters {
    /// Those of two bytes: Latin, Greek, Cyrillic, Hebrew, Arabic.
    static let common: [[UInt8]] = (0x80..<0x800).map { value in
        Unicode.Scalar(UInt32(value)).map { folded($0) } ?? []
    }

    /// Empty for characters that do not count.
    static func folded(_ scalar: Unicode.Scalar) -> [UInt8] {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return []
        case .uppercaseLetter, .titlecaseLetter, .lowercaseLetter, .otherLetter, .decimalNumber, .modifierLetter: break
        default: return Array(String(scalar).utf8)
        }
        if scalar == "\u{640}" { return [] }
        // Full-width forms of ASCII.
        if (0xFF01...0xFF5E).contains(scalar.value), let plain = Unicode.Scalar(scalar.value - 0xFEE0) {
            return Array(String(plain).lowercased().utf8)
        }
        var folded: [UInt8] = []
        for letter in scalar.properties.lowercaseMapping.unicodeScalars
        where letter.properties.generalCategory != .nonspacingMark {
            folded += letters[letter] ?? Array(String(letter).utf8)
        }
        return folded
    }

    private static let letters: [Unicode.Scalar: [UInt8]] = {
        var letters: [Unicode.Scalar: [UInt8]] = [:]
        for (base, others) in rows { for other in others.unicodeScalars { letters[other] = Array(base.utf8) } }
        return letters
    }()

    /// A base, and the lowercase letters that are folded to it: by canonical decomposition without its marks (Unicode
    /// Standard Annex 15), by custom where there is none, and Arabic letters by what Arabic and Persian keyboards mix.
    private static let rows: [(base: String, others: String)] = [
        ("0", "\u{660}\u{6F0}"),
        ("1", "\u{661}\u{6F1}"),
        ("2", "\u{662}\u{6F2}"),
        ("3", "\u{663}\u{6F3}"),
        ("4", "\u{664}\u{6F4}"),
        ("5", "\u{665}\u{6F5}"),
        ("6", "\u{666}\u{6F6}"),
        ("7", "\u{667}\u{6F7}"),
        ("8", "\u{668}\u{6F8}"),
        ("9", "\u{669}\u{6F9}"),
        ("a", "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ"),
        ("ae", "æǣǽ"),
        ("b", "ḃḅḇ"),
        ("c", "çćĉċčḉ"),
        ("d", "ðďđḋḍḏḑḓ"),
        ("e", "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ"),
        ("f", "ḟ"),
        ("g", "ĝğġģǧǵḡ"),
        ("h", "ĥħȟḣḥḧḩḫẖ"),
        ("i", "ìíîïĩīĭįıǐȉȋḭḯỉị"),
        ("j", "ĵǰ"),
        ("k", "ķĸǩḱḳḵ"),
        ("l", "ĺļľłḷḹḻḽ"),
        ("m", "ḿṁṃ"),
        ("n", "ñńņňŉŋǹṅṇṉṋ"),
        ("o", "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ"),
        ("oe", "œ"),
        ("p", "ṕṗ"),
        ("r", "ŕŗřȑȓṙṛṝṟ"),
        ("s", "śŝşšſșṡṣṥṧṩẛ"),
        ("ss", "ß"),
        ("t", "ţťŧțṫṭṯṱẗ"),
        ("th", "þ"),
        ("u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
        ("v", "ṽṿ"),
        ("w", "ŵẁẃẅẇẉẘ"),
        ("x", "ẋẍ"),
        ("y", "ýÿŷȳẏẙỳỵỷỹ"),
        ("z", "źżžẑẓẕ"),
        ("ʒ", "ǯ"),
        ("α", "άἀἁἂἃἄἅἆἇὰάᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ"),
        ("ε", "έἐἑἒἓἔἕὲέ"),
        ("η", "ήἠἡἢἣἤἥἦἧὴήᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ"),
        ("ι", "ΐίϊἰἱἲἳἴἵἶἷὶίιῐῑῒΐῖῗ"),
        ("ο", "όὀὁὂὃὄὅὸό"),
        ("ρ", "ῤῥ"),
        ("σ", "ς"),
        ("υ", "ΰϋύὐὑὒὓὔὕὖὗὺύῠῡῢΰῦῧ"),
        ("ω", "ώὠὡὢὣὤὥὦὧὼώᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ"),
        ("а", "ӑӓ"),
        ("г", "ѓ"),
        ("е", "ѐёӗ"),
        ("ж", "ӂӝ"),
        ("з", "ӟ"),
        ("и", "йѝӣӥ"),
        ("к", "ќ"),
        ("о", "ӧ"),
        ("у", "ўӯӱӳ"),
        ("ч", "ӵ"),
        ("ы", "ӹ"),
        ("э", "ӭ"),
        ("і", "ї"),
        ("ѵ", "ѷ"),
        ("ә", "ӛ"),
        ("ө", "ӫ"),
        ("\u{621}", "\u{FE80}"),
        ("\u{627}", "\u{622}\u{623}\u{625}\u{671}\u{672}\u{673}\u{FB50}\u{FB51}\u{FE81}\u{FE82}\u{FE83}"),
        ("\u{627}", "\u{FE84}\u{FE87}\u{FE88}\u{FE8D}\u{FE8E}"),
        ("\u{628}", "\u{FE8F}\u{FE90}\u{FE91}\u{FE92}"),
        ("\u{62A}", "\u{FE95}\u{FE96}\u{FE97}\u{FE98}"),
        ("\u{62B}", "\u{FE99}\u{FE9A}\u{FE9B}\u{FE9C}"),
        ("\u{62C}", "\u{FE9D}\u{FE9E}\u{FE9F}\u{FEA0}"),
        ("\u{62D}", "\u{FEA1}\u{FEA2}\u{FEA3}\u{FEA4}"),
        ("\u{62E}", "\u{FEA5}\u{FEA6}\u{FEA7}\u{FEA8}"),
        ("\u{62F}", "\u{FEA9}\u{FEAA}"),
        ("\u{630}", "\u{FEAB}\u{FEAC}"),
        ("\u{631}", "\u{FEAD}\u{FEAE}"),
        ("\u{632}", "\u{FEAF}\u{FEB0}"),
        ("\u{633}", "\u{FEB1}\u{FEB2}\u{FEB3}\u{FEB4}"),
        ("\u{634}", "\u{FEB5}\u{FEB6}\u{FEB7}\u{FEB8}"),
        ("\u{635}", "\u{FEB9}\u{FEBA}\u{FEBB}\u{FEBC}"),
        ("\u{636}", "\u{FEBD}\u{FEBE}\u{FEBF}\u{FEC0}"),
        ("\u{637}", "\u{FEC1}\u{FEC2}\u{FEC3}\u{FEC4}"),
        ("\u{638}", "\u{FEC5}\u{FEC6}\u{FEC7}\u{FEC8}"),
        ("\u{639}", "\u{FEC9}\u{FECA}\u{FECB}\u{FECC}"),
        ("\u{63A}", "\u{FECD}\u{FECE}\u{FECF}\u{FED0}"),
        ("\u{641}", "\u{FED1}\u{FED2}\u{FED3}\u{FED4}"),
        ("\u{642}", "\u{FED5}\u{FED6}\u{FED7}\u{FED8}"),
        ("\u{643}", "\u{6A9}\u{6AA}\u{FB8E}\u{FB8F}\u{FB90}\u{FB91}\u{FED9}\u{FEDA}\u{FEDB}\u{FEDC}"),
        ("\u{644}", "\u{FEDD}\u{FEDE}\u{FEDF}\u{FEE0}"),
        ("\u{644}\u{627}", "\u{FEF5}\u{FEF6}\u{FEF7}\u{FEF8}\u{FEF9}\u{FEFA}\u{FEFB}\u{FEFC}"),
        ("\u{645}", "\u{FEE1}\u{FEE2}\u{FEE3}\u{FEE4}"),
        ("\u{646}", "\u{FEE5}\u{FEE6}\u{FEE7}\u{FEE8}"),
        ("\u{647}", "\u{629}\u{6BE}\u{6C0}\u{6C1}\u{6C2}\u{6C3}\u{6D5}\u{FBA4}\u{FBA5}\u{FBA6}\u{FBA7}"),
        ("\u{647}", "\u{FBA8}\u{FBA9}\u{FBAA}\u{FBAB}\u{FBAC}\u{FBAD}\u{FE93}\u{FE94}\u{FEE9}\u{FEEA}\u{FEEB}"),
        ("\u{647}", "\u{FEEC}"),
        ("\u{648}", "\u{624}\u{676}\u{6C7}\u{FBD7}\u{FBD8}\u{FE85}\u{FE86}\u{FEED}\u{FEEE}"),
        ("\u{648}\u{674}", "\u{FBDD}"),
        ("\u{64A}", "\u{626}\u{649}\u{6CC}\u{6D0}\u{6D2}\u{6D3}\u{FBAE}\u{FBAF}\u{FBB0}\u{FBB1}\u{FBE4}"),
        ("\u{64A}", "\u{FBE5}\u{FBE6}\u{FBE7}\u{FBE8}\u{FBE9}\u{FBFC}\u{FBFD}\u{FBFE}\u{FBFF}\u{FE89}\u{FE8A}"),
        ("\u{64A}", "\u{FE8B}\u{FE8C}\u{FEEF}\u{FEF0}\u{FEF1}\u{FEF2}\u{FEF3}\u{FEF4}"),
        ("\u{64A}\u{627}", "\u{FBEA}\u{FBEB}"),
        ("\u{64A}\u{647}", "\u{FBEC}\u{FBED}"),
        ("\u{64A}\u{648}", "\u{FBEE}\u{FBEF}\u{FBF0}\u{FBF1}"),
        ("\u{64A}\u{64A}", "\u{FBF6}\u{FBF7}\u{FBF8}\u{FBF9}\u{FBFA}\u{FBFB}"),
        ("\u{64A}\u{6C6}", "\u{FBF2}\u{FBF3}"),
        ("\u{64A}\u{6C8}", "\u{FBF4}\u{FBF5}"),
        ("\u{679}", "\u{FB66}\u{FB67}\u{FB68}\u{FB69}"),
        ("\u{67A}", "\u{FB5E}\u{FB5F}\u{FB60}\u{FB61}"),
        ("\u{67B}", "\u{FB52}\u{FB53}\u{FB54}\u{FB55}"),
        ("\u{67E}", "\u{FB56}\u{FB57}\u{FB58}\u{FB59}"),
        ("\u{67F}", "\u{FB62}\u{FB63}\u{FB64}\u{FB65}"),
        ("\u{680}", "\u{FB5A}\u{FB5B}\u{FB5C}\u{FB5D}"),
        ("\u{683}", "\u{FB76}\u{FB77}\u{FB78}\u{FB79}"),
        ("\u{684}", "\u{FB72}\u{FB73}\u{FB74}\u{FB75}"),
        ("\u{686}", "\u{FB7A}\u{FB7B}\u{FB7C}\u{FB7D}"),
        ("\u{687}", "\u{FB7E}\u{FB7F}\u{FB80}\u{FB81}"),
        ("\u{688}", "\u{FB88}\u{FB89}"),
        ("\u{68C}", "\u{FB84}\u{FB85}"),
        ("\u{68D}", "\u{FB82}\u{FB83}"),
        ("\u{68E}", "\u{FB86}\u{FB87}"),
        ("\u{691}", "\u{FB8C}\u{FB8D}"),
        ("\u{698}", "\u{FB8A}\u{FB8B}"),
        ("\u{6A4}", "\u{FB6A}\u{FB6B}\u{FB6C}\u{FB6D}"),
        ("\u{6A6}", "\u{FB6E}\u{FB6F}\u{FB70}\u{FB71}"),
        ("\u{6AD}", "\u{FBD3}\u{FBD4}\u{FBD5}\u{FBD6}"),
        ("\u{6AF}", "\u{FB92}\u{FB93}\u{FB94}\u{FB95}"),
        ("\u{6B1}", "\u{FB9A}\u{FB9B}\u{FB9C}\u{FB9D}"),
        ("\u{6B3}", "\u{FB96}\u{FB97}\u{FB98}\u{FB99}"),
        ("\u{6BA}", "\u{FB9E}\u{FB9F}"),
        ("\u{6BB}", "\u{FBA0}\u{FBA1}\u{FBA2}\u{FBA3}"),
        ("\u{6C5}", "\u{FBE0}\u{FBE1}"),
        ("\u{6C6}", "\u{FBD9}\u{FBDA}"),
        ("\u{6C8}", "\u{FBDB}\u{FBDC}"),
        ("\u{6C9}", "\u{FBE2}\u{FBE3}"),
        ("\u{6CB}", "\u{FBDE}\u{FBDF}"),
        ("\u{FE73}", "\u{FE73}"),
    ]
}
