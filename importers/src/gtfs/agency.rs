//! Who runs the buses: the publisher of a timetable.

use hiroba_vocab::normalise::code::{LocalGovernmentCode, is_corporate_number};

use super::content::Content;
use crate::table::{Agency, Join};

/// Six zeros and a two: what stands before the code of a local government in its corporate number.
const LOCAL_GOVERNMENT: &str = "000020";
/// Ids of fewer characters are numbers that every timetable uses.
const TELLING: usize = 4;

/// The first agency that is a local government, else the first one.
pub(super) fn publisher(agencies: &Content) -> Option<Agency> {
    let (id, name) = (agencies.column("agency_id"), agencies.column("agency_name"));
    let agency = |row: &Vec<String>| {
        let (id, name) = (agencies.cell(row, id), agencies.cell(row, name));
        // An id that says nothing is no name for a publisher: the name itself is.
        let stand_in = if id.chars().count() >= TELLING { id } else { name };
        Agency { code: local_government(id), name: name.to_owned(), stand_in: in_id(stand_in) }
    };
    let all: Vec<Agency> = agencies.rows.iter().map(agency).filter(|agency| !agency.stand_in.is_empty()).collect();
    all.iter().find(|agency| agency.code.is_some()).or(all.first()).cloned()
}

/// The code inside the corporate number of a local government: check digit, 000020, six digits.
fn local_government(id: &str) -> Option<LocalGovernmentCode> {
    let code = id.get(1..)?.strip_prefix(LOCAL_GOVERNMENT)?;
    is_corporate_number(id).then(|| LocalGovernmentCode::parse(code)).flatten()
}

fn in_id(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, crate::build::ENCODED).to_string()
}

/// A route without an agency is run by the only one there is.
pub(super) fn default_of(agencies: Option<&Content>, routes: &Content) -> Option<Join> {
    let agencies = agencies?;
    let [only] = agencies.rows.as_slice() else { return None };
    let value = agencies.cell(only, agencies.column("agency_id")).to_owned();
    (!value.is_empty()).then(|| Join::Default { header: "agency_id", column: routes.column("agency_id"), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corporate_number_of_a_local_government_holds_its_code() {
        for (id, code) in [
            ("7000020102059", Some("102059")),
            ("3000020232017", Some("232017")),
            ("4000012090001", None),
            ("7000020102058", None),
            ("1", None),
            ("", None),
            ("都営", None),
        ] {
            assert_eq!(local_government(id).map(|code| code.to_string()).as_deref(), code, "{id}");
        }
    }
}
