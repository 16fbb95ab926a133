//! Syntax tree to text: what is written is read back as the same tree.

use std::fmt;

use super::{AttributePath, Brackets, LinkedPath, Literal, OrderOperator, Q, Term, Test};

impl fmt::Display for Q {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separated = |f: &mut fmt::Formatter<'_>, items: &[Self], separator: &str, group: fn(&Self) -> bool| {
            for (i, item) in items.iter().enumerate() {
                let separator = if i > 0 { separator } else { "" };
                if group(item) {
                    write!(f, "{separator}({item})")?;
                } else {
                    write!(f, "{separator}{item}")?;
                }
            }
            Ok(())
        };
        match self {
            Self::And(items) => separated(f, items, ";", |item| matches!(item, Self::And(_) | Self::Or(_))),
            Self::Or(items) => separated(f, items, "|", |item| matches!(item, Self::Or(_))),
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, self.test)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join("."))?;
        match &self.brackets {
            None => {}
            Some(Brackets::AnyLanguage) => f.write_str("[*]")?,
            Some(Brackets::Path(names)) => write!(f, "[{}]", names.join("."))?,
        }
        match &self.linked {
            None => Ok(()),
            Some(linked) => write!(f, "{{{linked}}}"),
        }
    }
}

impl fmt::Display for LinkedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.types.is_empty() {
            write!(f, "{}:", self.types.join(","))?;
        }
        self.path.fmt(f)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = |negated: &bool| if *negated { "!=" } else { "==" };
        match self {
            Self::Exists => Ok(()),
            Self::Equality { negated, values } => {
                f.write_str(equals(negated))?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i > 0 { "," } else { "" })?;
                }
                Ok(())
            }
            Self::Range { negated, from, to } => write!(f, "{}{from}..{to}", equals(negated)),
            Self::Order(operator, value) => write!(f, "{operator}{value}"),
            Self::Pattern { negated, pattern } => {
                write!(f, "{}{}", if *negated { "!~=" } else { "~=" }, serde_json::Value::from(pattern.as_str()))
            }
        }
    }
}

impl fmt::Display for OrderOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        })
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => serde_json::Value::from(text.as_str()).fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Number(text) | Self::DateTime(text) | Self::Date(text) | Self::Time(text) | Self::Word(text) => {
                f.write_str(text)
            }
        }
    }
}
