//! Reading the environment: an abstract one, so that no test touches the real one, and a reader that collects problems
//! instead of stopping at the first.

use std::{
    collections::BTreeMap, error::Error, ffi::OsString, fmt, ops::RangeInclusive, path::PathBuf,
};

use super::variables;

/// Variables by name.
#[derive(Default, Clone)]
pub struct Env(BTreeMap<String, OsString>);

impl Env {
    /// What this process was started with. Names that are no UTF-8 can't be ours.
    #[must_use]
    pub fn of_process() -> Self {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self(std::env::vars_os().filter_map(named).collect())
    }

    /// The same with one variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Names in our own namespace that mean nothing.
    #[must_use]
    pub fn misspelt(&self) -> Vec<String> {
        let ours = |name: &&String| name.starts_with("CHAT_") || name.starts_with("JWT_");
        let unknown = |name: &&String| !variables::names().any(|known| known == *name);
        self.0
            .keys()
            .filter(ours)
            .filter(unknown)
            .cloned()
            .collect()
    }
}

/// One variable that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub variable: &'static str,
    /// What is allowed: `must be …`. Never holds the value.
    pub allowed: String,
}

/// Everything that is wrong with the configuration: one line each, never with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<Problem>);

impl ConfigError {
    /// Something that turned out only when the value was used.
    #[must_use]
    pub fn new(variable: &'static str, allowed: impl Into<String>) -> Self {
        let allowed = allowed.into();
        Self(vec![Problem { variable, allowed }])
    }

    /// What is wrong; at least one thing.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{} {}", problem.variable, problem.allowed)?;
        }
        Ok(())
    }
}

impl Error for ConfigError {}

/// Reads variables, notes what is wrong, and goes on with the default.
pub(crate) struct Reader<'a> {
    env: &'a Env,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(env: &'a Env) -> Self {
        Self {
            env,
            problems: Vec::new(),
        }
    }

    /// Notes that the variable can't be used.
    pub(crate) fn problem(&mut self, variable: &'static str, allowed: impl Into<String>) {
        let allowed = allowed.into();
        self.problems.push(Problem { variable, allowed });
    }

    /// Whether the variable is set, be it to nonsense.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.env.0.contains_key(name)
    }

    /// The text, if the variable is set.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<&'a str> {
        let value = self.env.0.get(name)?;
        match value.to_str() {
            Some("") => {
                self.problem(name, "must not be empty: unset it to get the default");
                None
            }
            Some(text) if text.contains('\0') => {
                self.problem(name, "must not hold a NUL character");
                None
            }
            Some(text) => Some(text),
            None => {
                self.problem(name, "must be UTF-8");
                None
            }
        }
    }

    /// A path, which need not be UTF-8.
    pub(crate) fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        let value = self.env.0.get(name)?;
        if value.is_empty() {
            self.problem(name, "must not be empty: unset it to get the default");
            return None;
        }
        Some(value.into())
    }

    /// A whole number within the range.
    pub(crate) fn number<T>(
        &mut self,
        name: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T
    where
        T: std::str::FromStr + PartialOrd + Copy + fmt::Display,
    {
        let Some(text) = self.text(name) else {
            return default;
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<T>() {
            Ok(number) if digits && range.contains(&number) => number,
            _ => {
                let (least, most) = (range.start(), range.end());
                self.problem(
                    name,
                    format!("must be a whole number from {least} to {most}"),
                );
                default
            }
        }
    }

    /// One of the names.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        if let Some((_, value)) = choices.iter().find(|(choice, _)| *choice == text) {
            return *value;
        }
        let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        self.problem(name, format!("must be one of: {}", names.join(", ")));
        default
    }

    /// `true` or `false`.
    pub(crate) fn switch(&mut self, name: &'static str, default: bool) -> bool {
        self.choice(name, default, &[("true", true), ("false", false)])
    }

    /// The value, if nothing is wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError(self.problems))
        }
    }
}
