//! Whether members have the types of the service model, and what must be there is: what botocore checks before it sends.
//!
//! Source: `botocore.validate` 1.44. One difference: Python takes `true` for an integer, this does not.

use serde_json::{Map, Value};

use super::shape::{Member, REQUEST, Shape};
use crate::domain::problem::Problem;

/// What to look at for a member's type.
const HINT: &str = "`--generate-cli-skeleton` prints a request with every member and its type";

/// Every way in which the members do not fit the request.
#[must_use]
pub fn request(members: &Map<String, Value>) -> Vec<Problem> {
    let mut problems = Vec::new();
    structure(super::shape::members(), members, "", &mut problems);
    problems
}

fn fits(shape: &Shape, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    let wrong = |wanted: &str| {
        Problem::new(None, format!("`{path}` must be {wanted}, not {}", kind(value))).hint(HINT)
    };
    match (shape, value) {
        (Shape::Text { least }, Value::String(text)) => {
            if text.chars().count() < *least {
                problems.push(
                    Problem::new(None, format!("`{path}` is empty")).hint("leave it out, or give it a value"),
                );
            }
        }
        (Shape::Word(_), Value::String(_)) => {}
        (Shape::Integer { least }, Value::Number(number)) if !number.is_f64() => {
            if let (Some(least), Some(number)) = (least, number.as_i64())
                && number < *least
            {
                problems.push(
                    Problem::new(None, format!("`{path}` is {number}; {least} is the least")).hint(HINT),
                );
            }
        }
        (Shape::Structure(members), Value::Object(values)) => structure(members, values, path, problems),
        (Shape::Map(inner), Value::Object(values)) => {
            for (name, value) in values {
                if name.is_empty() {
                    problems.push(Problem::new(None, format!("`{path}` has an empty name")).hint(HINT));
                }
                fits(inner, value, &format!("{path}.{name}"), problems);
            }
        }
        (Shape::List(inner), Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                fits(inner, value, &format!("{path}[{index}]"), problems);
            }
        }
        (Shape::Text { .. } | Shape::Word(_), _) => problems.push(wrong("a string")),
        (Shape::Integer { .. }, _) => problems.push(wrong("an integer")),
        (Shape::Structure(_) | Shape::Map(_), _) => problems.push(wrong("a map")),
        (Shape::List(_), _) => problems.push(wrong("a list")),
    }
}

fn structure(members: &[Member], values: &Map<String, Value>, path: &str, problems: &mut Vec<Problem>) {
    let of = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for member in members.iter().filter(|member| member.required && !values.contains_key(member.name)) {
        let problem = Problem::new(None, format!("`{}` is missing", of(member.name)));
        let top = path.is_empty();
        problems.push(problem.hint(if top {
            format!("{} {}", member.option(), member.about)
        } else {
            HINT.to_owned()
        }));
    }
    for (name, value) in values {
        match members.iter().find(|member| member.name == name) {
            Some(member) => fits(member.shape, value, &of(name), problems),
            None => {
                let names: Vec<_> = members.iter().map(|member| member.name).collect();
                let place = if path.is_empty() { "the request" } else { path };
                let message = format!("unknown member `{name}` in {place}");
                problems.push(Problem::new(None, message).hint(format!("it has {}", names.join(", "))));
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The request's type, for those that read it.
#[must_use]
pub fn shape() -> &'static Shape {
    &REQUEST
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(value: &Value) -> String {
        let problems = request(value.as_object().unwrap());
        problems.iter().map(|problem| format!("{}\n", problem.message)).collect()
    }

    fn minimal() -> Value {
        json!({
            "SourceEndpoint": {}, "DestinationEndpoint": {}, "InstanceId": "i", "SegmentAttributes": {},
            "ContactFlowId": "",
        })
    }

    #[test]
    fn what_the_model_takes_is_taken() {
        assert_eq!(told(&minimal()), "");
        let mut full = minimal();
        full["SegmentAttributes"] = json!({"a": {"ValueMap": {"b": {"ValueList": [{"ValueInteger": 7}]}}}});
        full["ChatDurationInMinutes"] = json!(60);
        full["SupportedMessagingContentTypes"] = json!([]);
        assert_eq!(told(&full), "");
    }

    #[test]
    fn everything_else_is_told_at_once() {
        let mut wrong = minimal();
        wrong["SourceEndpoint"] = json!({"Typ": "x", "Address": 5});
        wrong["InstanceId"] = json!("");
        wrong["SegmentAttributes"] = json!({"": {}, "a": {"ValueInteger": 1.0}, "b": "x"});
        wrong["Attributes"] = json!({"a": ["x"], "b": null});
        wrong["ChatDurationInMinutes"] = json!(59);
        wrong["ParticipantDetails"] = json!({});
        wrong["SupportedMessagingContentTypes"] = json!({"a": true});
        wrong["InstanceID"] = json!("i");
        wrong.as_object_mut().unwrap().remove("ContactFlowId");
        insta::assert_snapshot!(told(&wrong));
    }
}
