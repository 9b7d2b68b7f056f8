//! Reading a flow: does every way through it end the contact, and how long can it take?
//!
//! A flow is a graph of actions (flow language, version 2019-10-30). What an action waits for is taken at its longest.
//! Flows and modules that this one goes on in are not read: the reading names the first of them, for what happens there
//! is not known. Source: "Flow language actions" in Amazon Connect's API reference.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

/// What a flow does with a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowReading {
    /// How the contact ends.
    pub end: FlowEnd,
    /// How long the contact can live in this flow.
    pub longest: Longest,
    /// Whether the flow sends a message of its own.
    pub sends: bool,
    /// Something that the flow goes on in and that may send a message, where it sends none itself.
    pub may_send: Option<FlowPlace>,
    /// What the flow goes on in, and what was not read: another flow or a module.
    pub unread: Option<FlowPlace>,
}

/// An action of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowPlace {
    /// Its identifier.
    pub action: String,
    /// Its type, such as `InvokeFlowModule`.
    pub kind: String,
}

/// How contacts end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowEnd {
    /// Every way ends in a disconnect.
    Disconnects,
    /// Some way does not: the action it ends in, and its type.
    Leaves {
        /// The action's identifier.
        action: String,
        /// Its type, such as `TransferContactToQueue`.
        kind: String,
    },
    /// Some way never ends: one of the actions that it goes round in.
    Loops {
        /// The action's identifier.
        action: String,
    },
}

/// How long something can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longest {
    /// At most this.
    AtMost(Duration),
    /// Nothing bounds it.
    Unbounded,
}

/// Why a flow cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFlow {
    /// Not the flow language.
    #[error("its content is not the flow language: {0}")]
    NotTheLanguage(#[from] serde_json::Error),
    /// An action names one that the flow does not have.
    #[error("its action {from} goes on to {to}, which there is not")]
    Missing {
        /// The action.
        from: String,
        /// What it names.
        to: String,
    },
    /// More than can be read.
    #[error("it has {0} actions, more than 5,000")]
    TooLong(usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FlowContent {
    start_action: String,
    actions: Vec<FlowAction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FlowAction {
    identifier: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    parameters: serde_json::Value,
    #[serde(default)]
    transitions: Transitions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Transitions {
    next_action: Option<String>,
    errors: Option<Vec<Transition>>,
    conditions: Option<Vec<Transition>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Transition {
    next_action: String,
}

/// Most actions that are read. The service bounds a flow at 256,000 characters.
const MOST_ACTIONS: usize = 5_000;
/// Parameters that say how long an action waits, in seconds.
const WAITS: [&str; 3] = ["TimeLimitSeconds", "InputTimeLimitSeconds", "InvocationTimeLimitSeconds"];

/// Reads a flow.
///
/// # Errors
/// [`UnreadableFlow`]
pub fn read(content: &str) -> Result<FlowReading, UnreadableFlow> {
    let content: FlowContent = serde_json::from_str(content)?;
    if content.actions.len() > MOST_ACTIONS {
        return Err(UnreadableFlow::TooLong(content.actions.len()));
    }
    let graph = Graph::of(&content)?;
    let ways = graph.ways();
    // From the start on: the order has each action after those that follow it.
    let first = |kinds: &[&str]| {
        let mut actions = ways.order.iter().rev().map(|at| &graph.actions[*at]);
        let found = actions.find(|action| kinds.contains(&action.kind.as_str()))?;
        Some(FlowPlace { action: found.identifier.clone(), kind: found.kind.clone() })
    };
    Ok(FlowReading {
        end: graph.end(&ways),
        longest: graph.longest(&ways),
        sends: first(&SENDS).is_some(),
        may_send: first(&MAY_SEND),
        unread: first(&UNREAD),
    })
}

/// Actions that send a message to the customer.
const SENDS: [&str; 4] =
    ["MessageParticipant", "MessageParticipantIteratively", "SendMessage", "GetParticipantInput"];
/// Actions in which a message may be sent that the flow does not have: by a bot, or by what the flow goes on in.
const MAY_SEND: [&str; 4] =
    ["InvokeFlowModule", "TransferToFlow", "ConnectParticipantWithLexBot", "ShowView"];
/// Actions that go on in a flow or a module of its own.
const UNREAD: [&str; 2] = ["InvokeFlowModule", "TransferToFlow"];
/// Actions that wait for the customer, or for a time.
const WAITING: [&str; 4] = ["Wait", "GetParticipantInput", "ConnectParticipantWithLexBot", "ShowView"];

struct Graph<'c> {
    actions: &'c [FlowAction],
    next: Vec<Vec<usize>>,
    start: usize,
}

/// The ways through a graph from its start.
struct Ways {
    /// The actions that can be reached, each after all that follow it, but for those that it goes round with.
    order: Vec<usize>,
    /// The group of actions that go round with each other, for each action that can be reached.
    group: BTreeMap<usize, usize>,
    /// Groups that a contact can go round in.
    rounds: BTreeSet<usize>,
}

impl<'c> Graph<'c> {
    fn of(content: &'c FlowContent) -> Result<Self, UnreadableFlow> {
        let places: BTreeMap<&str, usize> =
            content.actions.iter().enumerate().map(|(at, action)| (action.identifier.as_str(), at)).collect();
        let find = |from: &str, to: &str| {
            let missing = || UnreadableFlow::Missing { from: from.to_owned(), to: to.to_owned() };
            places.get(to).copied().ok_or_else(missing)
        };
        let mut next = Vec::with_capacity(content.actions.len());
        for action in &content.actions {
            let Transitions { next_action, errors, conditions } = &action.transitions;
            let others = errors.iter().chain(conditions).flatten().map(|transition| &transition.next_action);
            let names: BTreeSet<&String> = next_action.iter().chain(others).collect();
            let places: Result<Vec<_>, _> =
                names.into_iter().map(|to| find(&action.identifier, to)).collect();
            next.push(places?);
        }
        let start = find("StartAction", &content.start_action)?;
        Ok(Self { actions: &content.actions, next, start })
    }

    /// Tarjan's algorithm, with a stack of its own.
    fn ways(&self) -> Ways {
        let count = self.actions.len();
        let (mut index, mut low) = (vec![usize::MAX; count], vec![0; count]);
        let (mut on_stack, mut stack) = (vec![false; count], Vec::new());
        let mut ways = Ways { order: Vec::new(), group: BTreeMap::new(), rounds: BTreeSet::new() };
        let mut visits = vec![(self.start, 0)];
        let mut seen = 0;
        while let Some((at, edge)) = visits.pop() {
            if edge == 0 {
                (index[at], low[at]) = (seen, seen);
                seen += 1;
                stack.push(at);
                on_stack[at] = true;
            } else {
                // Back from where this edge led.
                let to = self.next[at][edge - 1];
                if on_stack[to] {
                    low[at] = low[at].min(low[to]);
                }
            }
            if let Some(to) = self.next[at].get(edge).copied() {
                visits.push((at, edge + 1));
                if index[to] == usize::MAX {
                    visits.push((to, 0));
                }
                continue;
            }
            if low[at] == index[at] {
                let first = stack.iter().rposition(|action| *action == at).unwrap_or(0);
                let members: Vec<usize> = stack.drain(first..).collect();
                for member in &members {
                    on_stack[*member] = false;
                    ways.group.insert(*member, at);
                }
                if members.len() > 1 || self.next[at].contains(&at) {
                    ways.rounds.insert(at);
                }
                ways.order.extend(members);
            }
        }
        ways
    }

    /// The worst of the ends that can be reached. Where the flow goes on in another one, that one ends it.
    fn end(&self, ways: &Ways) -> FlowEnd {
        let ends = |at: usize| self.disconnects(at) || self.actions[at].kind == "TransferToFlow";
        let leaves = ways.order.iter().find(|at| self.next[**at].is_empty() && !ends(**at));
        if let Some(at) = leaves {
            let action = &self.actions[*at];
            return FlowEnd::Leaves { action: action.identifier.clone(), kind: action.kind.clone() };
        }
        // A round without a way out.
        let trapped = ways.rounds.iter().find(|round| {
            let members = ways.group.iter().filter(|(_, group)| group == round).map(|(at, _)| at);
            members.clone().all(|at| self.next[*at].iter().all(|to| ways.group.get(to) == Some(*round)))
        });
        match trapped {
            Some(at) => FlowEnd::Loops { action: self.actions[*at].identifier.clone() },
            None => FlowEnd::Disconnects,
        }
    }

    fn disconnects(&self, at: usize) -> bool {
        self.actions[at].kind == "DisconnectParticipant"
    }

    fn longest(&self, ways: &Ways) -> Longest {
        // By group: actions that go round with each other wait for nothing, but for what comes after any of them.
        let mut longest: BTreeMap<usize, u64> = BTreeMap::new();
        for at in &ways.order {
            let (Some(wait), Some(group)) = (self.wait(*at), ways.group.get(at)) else {
                return Longest::Unbounded;
            };
            if wait > 0 && ways.rounds.contains(group) {
                return Longest::Unbounded;
            }
            let groups = self.next[*at].iter().filter_map(|to| ways.group.get(to)).filter(|to| *to != group);
            let after = groups.filter_map(|to| longest.get(to)).max().copied().unwrap_or(0);
            let known = longest.entry(*group).or_default();
            *known = (*known).max(wait.saturating_add(after));
        }
        let start = ways.group.get(&self.start).and_then(|group| longest.get(group));
        Longest::AtMost(Duration::from_secs(start.copied().unwrap_or(0)))
    }

    /// How long an action waits, in seconds; `None` where nothing bounds it.
    fn wait(&self, at: usize) -> Option<u64> {
        let action = &self.actions[at];
        if matches!(action.kind.as_str(), "TransferContactToQueue" | "TransferContactToAgent") {
            return None;
        }
        if !WAITING.contains(&action.kind.as_str()) {
            return Some(0);
        }
        // Without a limit of its own an action for input waits for the chat's duration.
        WAITS.iter().find_map(|name| seconds(action.parameters.get(*name)?))
    }
}

/// A number, as a number or as a text.
fn seconds(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn action(id: &str, kind: &str, parameters: &Value, next: &[&str]) -> Value {
        let errors: Vec<Value> =
            next.iter().skip(1).map(|to| json!({"NextAction": to, "ErrorType": "NoMatchingError"})).collect();
        let mut transitions = json!({"Errors": errors, "Conditions": []});
        if let Some(first) = next.first() {
            transitions["NextAction"] = json!(first);
        }
        json!({"Identifier": id, "Type": kind, "Parameters": parameters, "Transitions": transitions})
    }

    fn flow(actions: &[Value]) -> String {
        json!({"Version": "2019-10-30", "StartAction": "a", "Metadata": {}, "Actions": actions}).to_string()
    }

    fn read_actions(actions: &[Value]) -> FlowReading {
        read(&flow(actions)).unwrap()
    }

    fn at_most(seconds: u64) -> Longest {
        Longest::AtMost(Duration::from_secs(seconds))
    }

    const NONE: &Value = &Value::Null;

    #[test]
    fn a_flow_that_only_hangs_up() {
        let read = read_actions(&[action("a", "DisconnectParticipant", NONE, &[])]);
        let (may_send, unread) = (None, None);
        let end = FlowEnd::Disconnects;
        assert_eq!(read, FlowReading { end, longest: at_most(0), sends: false, may_send, unread });
    }

    #[test]
    fn the_longest_of_all_ways_counts() {
        let wait = |id, seconds: &Value, next: &[&str]| {
            action(id, "Wait", &json!({"TimeLimitSeconds": seconds}), next)
        };
        let read = read_actions(&[
            action("a", "MessageParticipant", NONE, &["b", "c"]),
            wait("b", &json!("60"), &["c", "d"]),
            wait("c", &json!(30), &["d"]),
            action("d", "DisconnectParticipant", NONE, &[]),
            action("unused", "TransferContactToQueue", NONE, &[]),
        ]);
        assert_eq!((read.end, read.longest, read.sends), (FlowEnd::Disconnects, at_most(90), true));
    }

    #[test]
    fn a_way_that_does_not_disconnect_is_found() {
        for kind in ["EndFlowExecution", "TransferContactToQueue", "CreateCallbackContact"] {
            let read = read_actions(&[
                action("a", "MessageParticipant", NONE, &["b", "c"]),
                action("b", "DisconnectParticipant", NONE, &[]),
                action("c", kind, NONE, &[]),
            ]);
            assert_eq!(read.end, FlowEnd::Leaves { action: "c".to_owned(), kind: kind.to_owned() });
        }
    }

    #[test]
    fn what_happens_in_other_flows_and_modules_is_not_known() {
        for kind in ["InvokeFlowModule", "TransferToFlow"] {
            let next: &[&str] = if kind == "TransferToFlow" { &[] } else { &["c"] };
            let read = read_actions(&[
                action("a", "Compare", NONE, &["b", "c"]),
                action("b", kind, NONE, next),
                action("c", "DisconnectParticipant", NONE, &[]),
                action("unused", "InvokeFlowModule", NONE, &["c"]),
            ]);
            let place = Some(FlowPlace { action: "b".to_owned(), kind: kind.to_owned() });
            assert_eq!((read.end, read.sends), (FlowEnd::Disconnects, false), "{kind}");
            assert_eq!((&read.unread, &read.may_send), (&place, &place), "{kind}");
        }
        let bot = read_actions(&[
            action("a", "ConnectParticipantWithLexBot", NONE, &["b"]),
            action("b", "DisconnectParticipant", NONE, &[]),
        ]);
        assert!(bot.may_send.is_some() && bot.unread.is_none() && !bot.sends, "a bot has words of its own");
    }

    #[test]
    fn a_view_is_waited_for_as_long_as_it_says() {
        let read = read_actions(&[
            action("a", "ShowView", &json!({"InvocationTimeLimitSeconds": 400}), &["b"]),
            action("b", "DisconnectParticipant", NONE, &[]),
        ]);
        assert_eq!(read.longest, at_most(400));
    }

    #[test]
    fn a_round_without_a_way_out_never_ends() {
        let read = read_actions(&[
            action("a", "MessageParticipant", NONE, &["b"]),
            action("b", "Loop", NONE, &["c"]),
            action("c", "MessageParticipant", NONE, &["b"]),
        ]);
        assert!(matches!(read.end, FlowEnd::Loops { .. }), "{read:?}");
        let with_a_way_out = read_actions(&[
            action("a", "Loop", NONE, &["b", "c"]),
            action("b", "MessageParticipant", NONE, &["a"]),
            action("c", "DisconnectParticipant", NONE, &[]),
        ]);
        assert_eq!((with_a_way_out.end, with_a_way_out.longest), (FlowEnd::Disconnects, at_most(0)));
    }

    #[test]
    fn waiting_in_a_round_or_for_an_agent_has_no_bound() {
        let wait = json!({"TimeLimitSeconds": 5});
        let round = read_actions(&[
            action("a", "Wait", &wait, &["a", "b"]),
            action("b", "DisconnectParticipant", NONE, &[]),
        ]);
        assert_eq!((round.end, round.longest), (FlowEnd::Disconnects, Longest::Unbounded));
        let open = read_actions(&[
            action("a", "GetParticipantInput", NONE, &["b"]),
            action("b", "DisconnectParticipant", NONE, &[]),
        ]);
        assert_eq!(open.longest, Longest::Unbounded);
        let queue = read_actions(&[action("a", "TransferContactToQueue", NONE, &[])]);
        assert_eq!(queue.longest, Longest::Unbounded);
    }

    #[test]
    fn a_round_is_followed_by_what_comes_after_any_of_its_actions() {
        let wait = json!({"TimeLimitSeconds": "20"});
        let read = read_actions(&[
            action("a", "Wait", &wait, &["b"]),
            action("b", "MessageParticipant", NONE, &["c"]),
            action("c", "MessageParticipant", NONE, &["b", "d"]),
            action("d", "Wait", &wait, &["e"]),
            action("e", "DisconnectParticipant", NONE, &[]),
        ]);
        assert_eq!(read.longest, at_most(40));
    }

    #[test]
    fn what_is_no_flow_is_said() {
        let error = |content: &str| read(content).unwrap_err().to_string();
        assert!(error("no").starts_with("its content is not the flow language"));
        let missing = flow(&[action("a", "MessageParticipant", NONE, &["z"])]);
        assert_eq!(error(&missing), "its action a goes on to z, which there is not");
        let mut long = vec![action("a", "DisconnectParticipant", NONE, &[])];
        long.extend((0..MOST_ACTIONS).map(|n| action(&format!("n{n}"), "Wait", NONE, &["a"])));
        assert_eq!(error(&flow(&long)), "it has 5001 actions, more than 5,000");
    }

    #[test]
    fn a_long_chain_does_not_need_the_programs_stack() {
        let mut chain: Vec<Value> = (0..4_000)
            .map(|n| {
                let id = if n == 0 { "a".to_owned() } else { format!("n{n}") };
                let next = if n == 3_999 { "end".to_owned() } else { format!("n{}", n + 1) };
                action(&id, "Wait", &json!({"TimeLimitSeconds": 1}), &[&next])
            })
            .collect();
        chain.push(action("end", "DisconnectParticipant", NONE, &[]));
        assert_eq!(read_actions(&chain).longest, at_most(4_000));
    }
}
