//! The front pages say the same in both languages.

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
