//! Licences as publishers write them.

use super::Reading;
use super::character::{content, nfkc};
use crate::iri::is_absolute_iri;
use crate::issue::Issue;

/// A licence: its IRI where kind and version are certain, else the text as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Licence {
    /// A licence that is named without doubt.
    Iri(String),
    /// The words of the publisher.
    Text(String),
}

impl Licence {
    /// The IRI or the words.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Iri(text) | Self::Text(text) => text,
        }
    }
}

/// The Public Data License 1.0 of Japan's Digital Agency (公共データ利用規約 第1.0版).
pub const PDL_1_0: &str = "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0";

/// Reads a licence. `CC BY` without a version stays text: 2.1 JP and 4.0 differ.
pub fn licence(cell: &str) -> Reading<Licence> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if is_absolute_iri(text) && text.starts_with("http") {
        return Reading::value(Licence::Iri(text.to_owned()));
    }
    let key: String =
        nfkc(text).chars().filter(|c| c.is_alphanumeric() || *c == '.').flat_map(char::to_uppercase).collect();
    let iri = match key.as_str() {
        "CC0" | "CC01.0" | "CCZERO" | "クリエイティブコモンズゼロ" => {
            "https://creativecommons.org/publicdomain/zero/1.0/"
        }
        "CCBY4.0" | "CCBY4.0国際" | "クリエイティブコモンズ表示4.0国際" | "CCBYATTRIBUTION4.0INTERNATIONAL" => {
            "https://creativecommons.org/licenses/by/4.0/"
        }
        "CCBYSA4.0" | "CCBYSA4.0国際" | "クリエイティブコモンズ表示継承4.0国際" => {
            "https://creativecommons.org/licenses/by-sa/4.0/"
        }
        "CCBYND4.0" => "https://creativecommons.org/licenses/by-nd/4.0/",
        "CCBYNC4.0" => "https://creativecommons.org/licenses/by-nc/4.0/",
        "CCBY2.1JP" | "CCBY2.1日本" | "クリエイティブコモンズ表示2.1日本" => {
            "https://creativecommons.org/licenses/by/2.1/jp/"
        }
        "PDL1.0"
        | "PUBLICDATALICENSE1.0"
        | "PUBLICDATALICENSEV1.0"
        | "公共データ利用規約第1.0版"
        | "公共データ利用規約1.0" => PDL_1_0,
        "OGL3.0" | "OGLV3.0" | "OGLUK3.0" => {
            "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
        }
        _ => return Reading::Value(Licence::Text(text.to_owned()), Issue::LicenceUncertain.into()),
    };
    Reading::value(Licence::Iri(iri.to_owned()))
}
