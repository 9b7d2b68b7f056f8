//! Kinds of warnings: what only looks right. The pre-flight finds them; definitions and options name them.

/// A kind of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WarningCode {
    /// A text has what another program would replace.
    ForeignPlaceholder,
    /// A cell that a text uses has a word that means that there is nothing.
    NothingWords,
    /// A text was encoded twice, or is written for HTML.
    TwiceEncoded,
    /// A row that looks like the total of the rows above.
    TotalRow,
    /// A text is the same for everybody, and the cells that it is made of are not.
    SameText,
    /// A text is far longer or shorter than the others.
    TextLength,
}

impl WarningCode {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::ForeignPlaceholder,
        Self::NothingWords,
        Self::TwiceEncoded,
        Self::TotalRow,
        Self::SameText,
        Self::TextLength,
    ];

    /// Its name in results, definitions and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ForeignPlaceholder => "foreign-placeholder",
            Self::NothingWords => "nothing-words",
            Self::TwiceEncoded => "twice-encoded",
            Self::TotalRow => "total-row",
            Self::SameText => "same-text",
            Self::TextLength => "text-length",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether the text that goes out would be wrong, and not only unusual.
    #[must_use]
    pub fn sends_wrong_text(self) -> bool {
        self != Self::TextLength
    }
}
