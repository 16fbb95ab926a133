//! The front pages say the same in both languages, and say what is true.

use crate::support::{Broker, run};

const ENGLISH: &str = include_str!("../../../../README.md");
const JAPANESE: &str = include_str!("../../../../README.ja.md");

/// What lies between fences, with the language behind the opening one.
fn code_blocks(page: &str) -> Vec<&str> {
    page.split("\n```").skip(1).step_by(2).collect()
}

fn heading_levels(page: &str) -> Vec<usize> {
    // Comments in shell blocks begin with the same sign.
    let outside = page.split("\n```").step_by(2);
    outside
        .flat_map(str::lines)
        .filter(|line| line.starts_with('#'))
        .map(|line| line.split(' ').next().unwrap().len())
        .collect()
}

#[test]
fn both_languages_have_the_same_headings_and_code() {
    assert_eq!(heading_levels(ENGLISH), heading_levels(JAPANESE));
    assert_eq!(code_blocks(ENGLISH), code_blocks(JAPANESE));
    assert!(code_blocks(ENGLISH).len() >= 6);
}

#[test]
fn what_is_said_not_to_be_built_answers_501() {
    run(async {
        let broker = Broker::sqlite().await;
        for page in [ENGLISH, JAPANESE] {
            let rows = page.lines().filter(|line| line.starts_with("| `/") && !line.starts_with("| `/ngsi-ld/v1`"));
            let paths: Vec<&str> =
                rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
            assert!(!paths.is_empty());
            for path in paths {
                let answer = broker.get(&format!("/ngsi-ld/v1{path}")).send().await;
                assert_eq!(answer.status, 501, "{path}: {}", answer.text);
            }
        }
    });
}
