//! In which language a report is written.

/// The language of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// The language of a locale as the environment names it: `ja_JP.UTF-8`, `en_GB`. English for all that is not Japanese.
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("ja") { Self::Japanese } else { Self::English }
    }

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// One of two texts.
    pub(crate) fn choose<'t>(self, english: &'t str, japanese: &'t str) -> &'t str {
        match self {
            Self::English => english,
            Self::Japanese => japanese,
        }
    }
}
