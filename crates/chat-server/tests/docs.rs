//! The documentation names things that exist: every error code, and every test that an invariant leans on.

#![expect(clippy::unwrap_used, reason = "tests: a failure is a failure")]

use std::{fs, path::Path, process::Command};

use chat_domain::error::ErrorCode;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn every_error_code_is_documented() {
    let page = read("docs/error-codes.md");
    for code in ErrorCode::ALL {
        let row = format!("| `{}` |", code.as_str());
        assert!(
            page.contains(&row),
            "docs/error-codes.md has no row for {}",
            code.as_str()
        );
    }
}

/// The names in backticks of the table's last column.
fn named_tests(page: &str) -> Vec<&str> {
    let (_, table) = page.split_once("| invariant | test |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let cells = table
        .lines()
        .filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "));
    cells
        .flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let page = read("docs/ARCHITECTURE.md");
    let tests = named_tests(&page);
    assert!(
        tests.len() > 15,
        "the table of invariants is not where it was"
    );
    for test in tests {
        let exists = if test.starts_with("cargo ") {
            let file = test.rsplit(' ').next().unwrap();
            let package = test.split(' ').nth(3).unwrap();
            let single = format!("crates/{package}/tests/{file}.rs");
            root().join(single).exists()
        } else if test.contains('/') {
            root().join("crates").join(test).exists()
        } else {
            let grep = ["grep", "--quiet", "--fixed-strings", test, "--", "crates"];
            let found = Command::new("git").args(grep).current_dir(root()).status();
            found.unwrap().success()
        };
        assert!(
            exists,
            "docs/ARCHITECTURE.md names `{test}`, which does not exist"
        );
    }
}
