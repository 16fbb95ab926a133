//! The languages of the pages: flat catalogues of sentences.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use ngsild::language::LanguagePreference;

/// A language of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

type Catalogue = HashMap<String, String>;

static JA: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("i18n/ja.json")));
static EN: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("i18n/en.json")));

fn read(text: &str) -> Catalogue {
    serde_json::from_str(text).unwrap_or_default()
}

/// The cookie that keeps a visitor's choice.
pub(super) const COOKIE: &str = "hiroba-language";

/// What the visitor chooses with this request.
pub(super) fn chosen(request: &HttpRequest) -> Option<String> {
    let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    parameters.find(|(name, _)| name == "lang").map(|(_, value)| value.into_owned())
}

impl Language {
    /// The language that a request asks for: `?lang=`, what was chosen before, `Accept-Language`, else Japanese.
    pub fn of(request: &HttpRequest) -> Self {
        let before = || request.cookie(COOKIE).map(|cookie| cookie.value().to_owned());
        let header = || request.headers().get(ACCEPT_LANGUAGE)?.to_str().ok().map(ToOwned::to_owned);
        let text = chosen(request).or_else(before).or_else(header);
        // Compared by weight: the first of the two that the client names.
        let wanted = text.unwrap_or_default();
        let position = |tag: &str| wanted.to_ascii_lowercase().split(',').position(|part| part.trim().starts_with(tag));
        match (position("ja"), position("en")) {
            (None, Some(_)) => Self::En,
            (Some(ja), Some(en)) if en < ja => Self::En,
            _ => Self::Ja,
        }
    }

    /// The language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// One of two texts.
    pub(super) fn choose<'t>(self, english: &'t str, japanese: &'t str) -> &'t str {
        match self {
            Self::Ja => japanese,
            Self::En => english,
        }
    }

    /// The same language, of what the importer writes.
    pub fn of_reports(self) -> hiroba_importers::report::Language {
        match self {
            Self::Ja => hiroba_importers::report::Language::Japanese,
            Self::En => hiroba_importers::report::Language::English,
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Ja => Self::En,
            Self::En => Self::Ja,
        }
    }

    /// A sentence. A key that the catalogue lacks is shown as it is; a test rules that out.
    pub fn say(self, key: &str) -> &str {
        let catalogue: &'static Catalogue = match self {
            Self::Ja => &JA,
            Self::En => &EN,
        };
        catalogue.get(key).map_or(key, String::as_str)
    }

    /// A sentence with its gaps filled: `{name}` becomes the value.
    pub fn fill(self, key: &str, gaps: &[(&str, &str)]) -> String {
        gaps.iter().fold(self.say(key).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The texts of language maps in this order.
    pub fn preference(self) -> LanguagePreference {
        let text = match self {
            Self::Ja => "ja,en;q=0.5",
            Self::En => "en,ja;q=0.5",
        };
        text.parse().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn both_catalogues_say_the_same_things() {
        let keys = |catalogue: &Catalogue| catalogue.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&JA), keys(&EN));
        let gaps = |text: &str| text.matches('{').count();
        for (key, text) in JA.iter() {
            assert_eq!(gaps(text), gaps(&EN[key]), "{key}");
        }
    }

    /// Every key that templates and code use is in the catalogues, and every key is used.
    #[test]
    fn every_key_is_there_and_used() {
        let mut sources = String::new();
        for folder in ["templates", "src/explorer"] {
            for file in std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
                let path = file.unwrap().path();
                if path.is_file() && !path.ends_with("language.rs") {
                    sources += &std::fs::read_to_string(path).unwrap();
                }
            }
        }
        for call in ["say(", "fill("] {
            for key in sources.split(call).skip(1).filter_map(|rest| rest.strip_prefix('"')?.split('"').next()) {
                assert!(JA.contains_key(key), "{key} is in no catalogue");
            }
        }
        for key in JA.keys() {
            assert!(sources.contains(&format!("\"{key}\"")), "nothing says {key}");
        }
    }

    #[test]
    fn what_is_chosen_counts_more_than_what_the_browser_says() {
        for (uri, cookie, header, expected) in [
            ("/", "", "", Language::Ja),
            ("/", "", "en-GB,en;q=0.9,ja;q=0.8", Language::En),
            ("/", "", "fr,ja;q=0.5", Language::Ja),
            ("/", "hiroba-language=en", "ja", Language::En),
            ("/?lang=ja", "hiroba-language=en", "en", Language::Ja),
            ("/?lang=en", "", "ja", Language::En),
        ] {
            let request = TestRequest::with_uri(uri)
                .insert_header((ACCEPT_LANGUAGE, header))
                .insert_header((actix_web::http::header::COOKIE, cookie))
                .to_http_request();
            assert_eq!(Language::of(&request), expected, "{uri} {cookie} {header}");
        }
    }
}
