//! `--generate-cli-skeleton`: a request to fill in, as JSON or as YAML with a remark to each member.
//!
//! Source: `ArgumentGenerator` of botocore 1.44. Where it draws an endpoint type by lot, the skeleton has the one that the
//! operation takes.

use std::fmt::Write as _;

use super::shape::{Member, Shape, members};

/// The request as JSON, members in the order of the service model.
#[must_use]
pub fn json() -> String {
    let mut text = String::new();
    json_structure(members(), 0, 0, &mut text);
    text.push('\n');
    text
}

/// How often a structure may be inside itself: the second time it is left empty.
const RECURSION: usize = 1;

fn json_value(shape: &Shape, indent: usize, segments: usize, text: &mut String) {
    match shape {
        Shape::Text { .. } => text.push_str("\"\""),
        Shape::Word(word) => drop(write!(text, "\"{word}\"")),
        Shape::Integer { .. } => text.push('0'),
        Shape::Structure(members) => json_structure(members, indent, segments, text),
        Shape::Map(inner) => {
            let _ = write!(text, "{{\n{}\"KeyName\": ", pad(indent + 1));
            json_value(inner, indent + 1, segments, text);
            let _ = write!(text, "\n{}}}", pad(indent));
        }
        Shape::List(inner) => {
            let _ = write!(text, "[\n{}", pad(indent + 1));
            json_value(inner, indent + 1, segments, text);
            let _ = write!(text, "\n{}]", pad(indent));
        }
    }
}

fn json_structure(members: &[Member], indent: usize, segments: usize, text: &mut String) {
    let segments = segments + usize::from(is_segment(members));
    if segments > RECURSION {
        text.push_str("{}");
        return;
    }
    text.push('{');
    for (at, member) in members.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\n{}\"{}\": ", pad(indent + 1), member.name);
        json_value(member.shape, indent + 1, segments, text);
    }
    let _ = write!(text, "\n{}}}", pad(indent));
}

/// The only structure of the request that is inside itself.
fn is_segment(members: &[Member]) -> bool {
    members.first().is_some_and(|member| member.name == "ValueString")
}

fn pad(indent: usize) -> String {
    "    ".repeat(indent)
}

/// The request as YAML.
#[must_use]
pub fn yaml() -> String {
    let mut text = String::new();
    yaml_structure(members(), 0, 0, &mut text);
    text
}

fn yaml_structure(members: &[Member], indent: usize, segments: usize, text: &mut String) {
    for member in members {
        let _ = write!(text, "{}{}:", "  ".repeat(indent), member.name);
        let required = if member.required { "[REQUIRED] " } else { "" };
        let remark = format!("  # {required}{}", member.about);
        yaml_value(member.shape, indent, segments, &remark, text);
    }
}

fn yaml_value(shape: &Shape, indent: usize, segments: usize, remark: &str, text: &mut String) {
    match shape {
        Shape::Text { .. } => drop(writeln!(text, " ''{remark}")),
        Shape::Word(word) => drop(writeln!(text, " {word}{remark}")),
        Shape::Integer { .. } => drop(writeln!(text, " 0{remark}")),
        Shape::Structure(members) => {
            let segments = segments + usize::from(is_segment(members));
            if segments > RECURSION {
                let _ = writeln!(text, " {{}}{remark}");
                return;
            }
            let _ = writeln!(text, "{remark}");
            yaml_structure(members, indent + 1, segments, text);
        }
        Shape::Map(inner) => {
            let _ = write!(text, "{remark}\n{}KeyName:", "  ".repeat(indent + 1));
            yaml_value(inner, indent + 1, segments, "", text);
        }
        Shape::List(inner) => {
            let _ = write!(text, "{remark}\n{}-", "  ".repeat(indent));
            yaml_value(inner, indent, segments, "", text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skeleton_has_every_member_and_its_types() {
        let skeleton: serde_json::Value = serde_json::from_str(&json()).unwrap();
        let skeleton = skeleton.as_object().unwrap();
        assert_eq!(skeleton.len(), members().len());
        let problems = super::super::validate::request(skeleton);
        let told: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert!(
            told.iter().all(|told| told.contains("is empty") || told.contains("60 is the least")),
            "{told:?}"
        );
        let yaml: serde_json::Value = serde_saphyr::from_str(&yaml()).unwrap();
        assert_eq!(yaml.as_object(), Some(skeleton));
    }

    #[test]
    fn the_skeletons() {
        insta::assert_snapshot!(format!("{}\n{}", json(), yaml()));
    }
}
