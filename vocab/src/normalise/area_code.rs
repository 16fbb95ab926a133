//! Where the hyphens of a Japanese telephone number stand: `data/area_codes.txt`, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The most digits that a line of the table has.
const LONGEST: usize = 6;

/// How many digits the area code has, by the first digits of the number.
fn table() -> &'static HashMap<&'static str, usize, ahash::RandomState> {
    static TABLE: LazyLock<HashMap<&'static str, usize, ahash::RandomState>> = LazyLock::new(|| {
        let lines = include_str!("../../data/area_codes.txt").lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| {
                let (digits, heads) = line.split_once(' ')?;
                Some((digits.parse().ok()?, heads))
            })
            .flat_map(|(digits, heads): (usize, &str)| heads.split(' ').map(move |head| (head, digits)))
            .collect()
    });
    &TABLE
}

/// The area code of a fixed line of ten digits, its leading zero included: `087` of `0878412146`. `None` for anything
/// else, numbers that are charged differently (0120, 0570, 050) among them.
pub fn area_code(digits: &str) -> Option<&str> {
    let legal = digits.len() == 10 && digits.bytes().all(|b| b.is_ascii_digit());
    if !legal || !digits.starts_with('0') || digits.starts_with("00") || is_service(digits) {
        return None;
    }
    let heads = (2..=LONGEST).rev().filter_map(|length| digits.get(..length));
    let length = heads.into_iter().find_map(|head| table().get(head)).copied().unwrap_or(4);
    // No exchange begins with 0: such a number is in no plan, and may be an example.
    let (code, line) = digits.split_at_checked(length)?;
    (!line.starts_with('0')).then_some(code)
}

/// Numbers of ten digits that belong to a service and to no place: free, voting, shared cost.
fn is_service(digits: &str) -> bool {
    ["0120", "0170", "0180", "0190", "0570"].iter().any(|head| digits.starts_with(head))
}

/// A number with its hyphens where the numbering plan has them: 087-841-2146, 04996-7-0788, 090-1234-5678,
/// 0120-123-456. `None` if no number of Japan has that many digits or begins so.
pub fn hyphenated(digits: &str) -> Option<String> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let groups = match digits.len() {
        11 if digits.starts_with("0800") => (4, 7),
        11 if ["020", "050", "060", "070", "080", "090"].iter().any(|head| digits.starts_with(head)) => (3, 7),
        10 if is_service(digits) => (4, 7),
        10 => (area_code(digits)?.len(), 6),
        _ => return None,
    };
    Some([digits.get(..groups.0)?, digits.get(groups.0..groups.1)?, digits.get(groups.1..)?].join("-"))
}
