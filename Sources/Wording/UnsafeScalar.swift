extension Unicode.Scalar {
    /// Whether it may change, hide or reorder what stands around it, whatever stands before it.
    package var isUnsafe: Bool {
        if value < 0x7F { return value < 0x20 }
        switch value {
        case 0x0600...0x0605, 0x06DD, 0x070F, 0x0890...0x0891, 0x08E2, 0x110BD, 0x110CD:
            return false  // format by category, but visible signs that enclose Arabic, Syriac and Kaithi numbers
        case 0x034F, 0x115F...0x1160, 0x17B4...0x17B5, 0x180B...0x180F, 0x3164, 0xFFA0, 0xE0000...0xE0FFF:
            return true  // fillers, Mongolian selectors, tags and supplementary selectors: all invisible
        default: break
        }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return properties.isNoncharacterCodePoint
        }
    }

    /// Zero-width joiners, which Persian, Indic and emoji text needs.
    package var isJoiner: Bool { value == 0x200C || value == 0x200D }
}
