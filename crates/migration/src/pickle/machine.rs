//! The machine: one instruction after the other, on a stack of values that do nothing.

use std::collections::HashMap;

use silknow_errors::{Error, Result};

use crate::bytes::Bytes;
use crate::pickle::value::{Name, Node, Pickle, Value};

/// Reads a pickle of protocol 2, 3 or 4.
///
/// # Errors
/// An instruction, a name or a call that plain data do not need, with its position; a pickle that is cut or damaged.
pub(crate) fn load(bytes: &[u8]) -> Result<Pickle<'_>> {
    let mut machine = Machine { source: Bytes::new(bytes), ..Machine::default() };
    loop {
        let at = machine.source.position();
        match machine.step() {
            Ok(None) => {}
            Ok(Some(root)) => return Ok(Pickle::new(machine.nodes, root, bytes.len())),
            Err(error) => {
                let error = Error::data(format!("at byte {at} of the pickle: {}", error.message()));
                return Err(error.hint(
                    "pickles can run code, so that nothing is read but the data that the old toolbox wrote; open the file \
                     in the program that made it and store plain arrays",
                ));
            }
        }
    }
}

#[derive(Default)]
struct Machine<'a> {
    source: Bytes<'a>,
    stack: Vec<Value>,
    /// Where on the stack the items of open tuples, lists and dictionaries begin.
    marks: Vec<usize>,
    /// Values that later instructions repeat, by their numbers.
    memo: HashMap<u32, Value>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Machine<'a> {
    /// Does one instruction; gives the value at the end of the pickle.
    fn step(&mut self) -> Result<Option<Value>> {
        match self.source.byte()? {
            // What the pickle says of itself: protocol, and lengths of its frames.
            0x80 => {
                let protocol = self.source.byte()?;
                if !(2..=4).contains(&protocol) {
                    return Err(Error::data(format!("protocol {protocol} is not read, only 2, 3 and 4")));
                }
            }
            0x95 => {
                self.source.u64()?;
            }
            b'.' => return self.pop().map(Some),
            // Single values.
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'K' => {
                let number = self.source.byte()?;
                self.stack.push(Value::Int(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.source.array()?);
                self.stack.push(Value::Int(number.into()));
            }
            b'J' => {
                let number = i32::from_le_bytes(self.source.array()?);
                self.stack.push(Value::Int(number.into()));
            }
            0x8A => {
                let length = self.source.byte()?;
                let number = whole_number(self.source.take(length.into())?)?;
                self.stack.push(Value::Int(number));
            }
            b'G' => {
                let number = f64::from_be_bytes(self.source.array()?);
                self.stack.push(Value::Float(number));
            }
            // Texts and bytes, with lengths of one, four and eight bytes.
            0x8C => {
                let length = self.source.byte()?;
                self.text(length.into())?;
            }
            b'X' => {
                let length = self.source.u32()?;
                self.text(length.into())?;
            }
            0x8D => {
                let length = self.source.u64()?;
                self.text(length)?;
            }
            b'C' => {
                let length = self.source.byte()?;
                self.bytes(length.into())?;
            }
            b'B' => {
                let length = self.source.u32()?;
                self.bytes(length.into())?;
            }
            0x8E => {
                let length = self.source.u64()?;
                self.bytes(length)?;
            }
            // Tuples.
            b')' => self.push(Node::Tuple(Vec::new()))?,
            code @ 0x85..=0x87 => {
                let items = self.last(usize::from(code - 0x84))?;
                self.push(Node::Tuple(items))?;
            }
            b'(' => self.marks.push(self.stack.len()),
            b't' => {
                let items = self.since_mark()?;
                self.push(Node::Tuple(items))?;
            }
            // Lists and dictionaries.
            b']' => self.push(Node::List(Vec::new()))?,
            b'a' => {
                let items = self.last(1)?;
                self.append(items)?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            b'}' => self.push(Node::Dict(Vec::new()))?,
            b's' => {
                let items = self.last(2)?;
                self.set(&items)?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(&items)?;
            }
            // The memo.
            b'q' => {
                let number = self.source.byte()?;
                self.remember(number.into())?;
            }
            b'r' => {
                let number = self.source.u32()?;
                self.remember(number)?;
            }
            0x94 => {
                let number = u32::try_from(self.memo.len()).map_err(|_| Error::data("there are too many values"))?;
                self.remember(number)?;
            }
            b'h' => {
                let number = self.source.byte()?;
                self.recall(number.into())?;
            }
            b'j' => {
                let number = self.source.u32()?;
                self.recall(number)?;
            }
            // Names, and what is done with them.
            b'c' => {
                let module = utf8(self.source.until(b'\n')?)?;
                let name = utf8(self.source.until(b'\n')?)?;
                self.name(module, name)?;
            }
            0x93 => {
                let parts = self.last(2)?;
                match [self.as_text(parts[0]), self.as_text(parts[1])] {
                    [Some(module), Some(name)] => self.name(module, name)?,
                    _ => return Err(Error::data("a name that is no text")),
                }
            }
            b'R' => {
                let parts = self.last(2)?;
                let made = self.make(parts[0], parts[1])?;
                self.push(made)?;
            }
            b'b' => {
                let state = self.pop()?;
                self.fill(state)?;
            }
            other => return Err(Error::data(format!("the instruction {} is not on the list", other.escape_ascii()))),
        }
        Ok(None)
    }

    fn push(&mut self, node: Node<'a>) -> Result<()> {
        let position = u32::try_from(self.nodes.len()).map_err(|_| Error::data("there are too many values"))?;
        self.nodes.push(node);
        self.stack.push(Value::Node(position));
        Ok(())
    }

    fn text(&mut self, length: u64) -> Result<()> {
        let text = utf8(self.source.take_long(length)?)?;
        self.push(Node::Text(text))
    }

    fn bytes(&mut self, length: u64) -> Result<()> {
        let bytes = self.source.take_long(length)?;
        self.push(Node::Bytes(bytes))
    }

    /// Takes the uppermost value, which must lie above the last mark.
    fn pop(&mut self) -> Result<Value> {
        Ok(self.last(1)?[0])
    }

    /// Takes the uppermost `count` values, in the order in which they came.
    fn last(&mut self, count: usize) -> Result<Vec<Value>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let from = self.stack.len().checked_sub(count).filter(|&from| from >= floor);
        Ok(self.stack.split_off(from.ok_or_else(|| Error::data("the stack has too few values"))?))
    }

    fn since_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().ok_or_else(|| Error::data("there is no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    /// The node of the uppermost value, which stays.
    fn top(&mut self) -> Result<&mut Node<'a>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.get(floor..).and_then(<[Value]>::last) {
            Some(&Value::Node(position)) => Ok(&mut self.nodes[position as usize]),
            _ => Err(Error::data("the stack does not end in something that can be filled")),
        }
    }

    fn append(&mut self, items: Vec<Value>) -> Result<()> {
        match self.top()? {
            Node::List(list) => list.extend(items),
            other => return Err(Error::data(format!("{} cannot be appended to", other.kind()))),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Value]) -> Result<()> {
        let (pairs, rest) = items.as_chunks::<2>();
        match self.top()? {
            Node::Dict(dict) if rest.is_empty() => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            Node::Dict(_) => return Err(Error::data("a key has no value")),
            other => return Err(Error::data(format!("{} cannot take pairs", other.kind()))),
        }
        Ok(())
    }

    fn remember(&mut self, number: u32) -> Result<()> {
        let value = *self.stack.last().ok_or_else(|| Error::data("there is nothing to remember"))?;
        self.memo.insert(number, value);
        Ok(())
    }

    fn recall(&mut self, number: u32) -> Result<()> {
        let value =
            self.memo.get(&number).ok_or_else(|| Error::data(format!("value {number} was never remembered")))?;
        self.stack.push(*value);
        Ok(())
    }

    fn name(&mut self, module: &str, name: &str) -> Result<()> {
        let known = Name::of(module, name).ok_or_else(|| {
            Error::data(format!("the name `{}.{}` is not on the list", shortened(module), shortened(name)))
        })?;
        self.stack.push(Value::Name(known));
        Ok(())
    }

    fn as_text(&self, value: Value) -> Option<&'a str> {
        match value {
            Value::Node(position) => match self.nodes[position as usize] {
                Node::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a call of Python would make: an empty object that is filled afterwards, or the bytes of a text.
    fn make(&self, callee: Value, arguments: Value) -> Result<Node<'a>> {
        let Value::Name(callee) = callee else { return Err(Error::data("something is called that is no name")) };
        let arguments: &[Value] = match arguments {
            Value::Node(position) => match &self.nodes[position as usize] {
                Node::Tuple(items) => items,
                _ => return Err(Error::data("a call without arguments")),
            },
            _ => return Err(Error::data("a call without arguments")),
        };
        match (callee, arguments) {
            (Name::Reconstruct, [Value::Name(Name::Ndarray), ..]) => Ok(Node::Array { state: None }),
            (Name::Dtype, [code, ..]) => {
                let code = self.as_text(*code).ok_or_else(|| Error::data("a type of elements that is no text"))?;
                Ok(Node::Dtype { code, state: None })
            }
            (Name::Scalar, &[dtype, data]) => Ok(Node::Scalar { dtype, data }),
            (Name::OrderedDict, []) => Ok(Node::Dict(Vec::new())),
            (Name::Bytes, []) => Ok(Node::Bytes(&[])),
            (Name::Encode, &[text, encoding]) => match (self.as_text(text), self.as_text(encoding)) {
                (Some(text), Some("latin1" | "latin-1")) => Ok(Node::Latin1(text)),
                _ => Err(Error::data("a text in an encoding that is not on the list")),
            },
            (Name::NewObject, &[Value::Name(class @ (Name::KdTree | Name::Distance))]) => {
                Ok(Node::Object { class, state: None })
            }
            _ => Err(Error::data(format!(
                "the call of {callee:?} with {} arguments is not on the list",
                arguments.len()
            ))),
        }
    }

    fn fill(&mut self, content: Value) -> Result<()> {
        match self.top()? {
            Node::Array { state } | Node::Object { state, .. } | Node::Dtype { state, .. } => *state = Some(content),
            other => return Err(Error::data(format!("{} cannot be filled", other.kind()))),
        }
        Ok(())
    }
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::data("a text is not UTF-8"))
}

/// The beginning of a name that may be as long as the file.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect::<String>().escape_default().to_string()
}

/// A whole number of up to eight bytes, the lowest first, in two's complement.
fn whole_number(bytes: &[u8]) -> Result<i64> {
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let mut eight = [if negative { 0xFF } else { 0 }; 8];
    eight.get_mut(..bytes.len()).ok_or_else(|| Error::data("a number has more than 64 bits"))?.copy_from_slice(bytes);
    Ok(i64::from_le_bytes(eight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pickle: &[u8]) -> String {
        load(pickle).unwrap_err().to_string()
    }

    #[test]
    fn plain_data_is_read() {
        let pickle = load(b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xff\xff\xff\xffM\x00\x01\x8a\x01\x80NeX\x01\x00\x00\x00bh\x02u.").unwrap();
        let pairs = pickle.pairs(pickle.root).unwrap();
        assert_eq!(pickle.text(pairs[0].0), Some("a"));
        let numbers = [Value::Int(1), Value::Int(-1), Value::Int(256), Value::Int(-128), Value::None];
        assert_eq!(pickle.items(pairs[0].1), Some(numbers.as_slice()));
        assert_eq!(pairs[0].1, pairs[1].1, "the second list is the first again");
    }

    #[test]
    fn what_would_run_code_is_refused_with_its_position() {
        let message = refusal(b"\x80\x03cos\nsystem\nX\x02\x00\x00\x00ls\x85R.");
        assert!(message.contains("at byte 2 of the pickle: the name `os.system` is not on the list"), "{message}");
        let message = refusal(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.");
        assert!(message.contains("at byte 18 of the pickle: the name `builtins.eval` is not on the list"), "{message}");
        let message = refusal(b"\x80\x03cnumpy\nndarray\nK\x01\x85R.");
        assert!(message.contains("the call of Ndarray with 1 arguments is not on the list"), "{message}");
        // Instances, persistent objects, extensions and further protocols.
        for (pickle, expected) in [
            (b"\x80\x02(ios\nsystem\n.".as_slice(), "the instruction i is not on the list"),
            (b"\x80\x02Pid\n.", "the instruction P is not on the list"),
            (b"\x80\x02\x82\x01.", "the instruction \\x82 is not on the list"),
            (b"\x80\x05N.", "protocol 5 is not read"),
            (b"\x80\x02cnumpy\ndtype\n)\x81.", "the instruction \\x81 is not on the list"),
        ] {
            assert!(refusal(pickle).contains(expected), "{}", refusal(pickle));
        }
    }

    #[test]
    fn a_damaged_pickle_is_refused() {
        for (pickle, expected) in [
            (b"".as_slice(), "1 bytes should follow at byte 0"),
            (b"\x80\x02X\xff\xff\xff\xffab", "4294967295 bytes should follow"),
            (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "bytes should follow"),
            (b"\x80\x02.", "the stack has too few values"),
            (b"\x80\x02(\x85.", "the stack has too few values"),
            (b"\x80\x02t.", "there is no mark"),
            (b"\x80\x02h\x05.", "value 5 was never remembered"),
            (b"\x80\x02Na.", "does not end in something that can be filled"),
            (b"\x80\x02NNa.", "does not end in something that can be filled"),
            (b"\x80\x02}(NNNu.", "a key has no value"),
            (b"\x80\x02NR.", "the stack has too few values"),
            (b"\x80\x02]Nb.", "a list cannot be filled"),
        ] {
            assert!(refusal(pickle).contains(expected), "{}", refusal(pickle));
        }
    }
}
