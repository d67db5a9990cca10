//! Reading the counts off the test runners' own closing lines.

/// Tests that passed and that did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

/// Sums the lines `test result: ok. 5 passed; 0 failed; …`, one per test binary.
pub(crate) fn cargo_test(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        let Some((_, result)) = line.trim().split_once("test result: ") else {
            continue;
        };
        let figures = result.split_once(". ").map_or(result, |(_, rest)| rest);
        for part in figures.split(';') {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => counts.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => counts.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
    counts
}

/// Reads `pass 5`, `fail 0` and `cancelled 0` below the last test, behind `ℹ` (spec) or `#` (tap).
/// A cancelled test has not passed, so it counts as failed.
pub(crate) fn node_test(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        let Some(figure) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) else {
            continue;
        };
        match figure.trim().split_once(' ') {
            Some(("pass", number)) => counts.passed += number.parse().unwrap_or(0),
            Some(("fail" | "cancelled", number)) => counts.failed += number.parse().unwrap_or(0),
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Counts, cargo_test, node_test};

    #[test]
    fn cargo_counts_are_summed_over_binaries() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let expected = Counts {
            passed: 3,
            failed: 3,
        };
        assert_eq!(cargo_test(output), expected);
    }

    #[test]
    fn node_counts_a_cancelled_test_as_failed() {
        for mark in ["ℹ", "#"] {
            let output = format!(
                "{mark} tests 9\n{mark} suites 0\n{mark} pass 6\n{mark} fail 2\n{mark} cancelled 1\n"
            );
            let expected = Counts {
                passed: 6,
                failed: 3,
            };
            assert_eq!(node_test(&output), expected);
        }
    }

    #[test]
    fn output_without_a_summary_counts_nothing() {
        assert_eq!(cargo_test("error: could not compile"), Counts::default());
        assert_eq!(node_test("node: bad option"), Counts::default());
    }
}
