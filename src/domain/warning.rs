//! Kinds of warnings: what only looks right. The pre-flight finds them; definitions and options name them.

/// A kind of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WarningCode {
    /// A text has what another program would replace.
    ForeignPlaceholder,
    /// A cell that a text uses has a word that means that there is nothing.
    NothingWords,
    /// A text was encoded twice, is written for HTML, or is an object that a program printed.
    TwiceEncoded,
    /// A row that looks like the total of the rows above.
    TotalRow,
    /// A text is the same for everybody, and the cells that it is made of are not.
    SameText,
    /// A text is far longer or shorter than the others.
    TextLength,
    /// The file says something else of a recipient who was contacted, and no second message comes.
    ChangedAfterContact,
    /// A key is one that was contacted, as a spreadsheet rewrites it.
    RewrittenKey,
    /// A key is on a suppression list as a spreadsheet rewrites it.
    ListedRewritten,
    /// A number with a `+` is one of the default region too, without it.
    AddedPlus,
    /// A number is free for the caller: hardly anybody reads messages there.
    TollFree,
    /// Contacts would start at night where their recipients are, and the campaign has no hours.
    Night,
    /// The time of rows, or the campaign's, is over before their turn: they are not sent to.
    Expires,
    /// The hours of rows do not open within a year.
    NeverOpen,
}

impl WarningCode {
    /// Every code.
    pub const ALL: [Self; 14] = [
        Self::ForeignPlaceholder,
        Self::NothingWords,
        Self::TwiceEncoded,
        Self::TotalRow,
        Self::SameText,
        Self::TextLength,
        Self::ChangedAfterContact,
        Self::RewrittenKey,
        Self::ListedRewritten,
        Self::AddedPlus,
        Self::TollFree,
        Self::Night,
        Self::Expires,
        Self::NeverOpen,
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
            Self::ChangedAfterContact => "changed-after-contact",
            Self::RewrittenKey => "rewritten-key",
            Self::ListedRewritten => "listed-rewritten",
            Self::AddedPlus => "added-plus",
            Self::TollFree => "toll-free",
            Self::Night => "night",
            Self::Expires => "expires",
            Self::NeverOpen => "never-open",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether it holds up a run that nobody looks at: what goes out, or does not, would be wrong, and not only unusual.
    #[must_use]
    pub fn holds_up(self) -> bool {
        !matches!(
            self,
            Self::TextLength
                | Self::RewrittenKey
                | Self::AddedPlus
                | Self::TollFree
                | Self::Night
                | Self::Expires
                | Self::NeverOpen
        )
    }
}
