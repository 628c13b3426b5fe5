//! The rows of unwind tables that `framehop` does not follow: frames whose place is found by an expression. Compilers
//! write them for functions that align their stack for vector registers, linkers for calls into libraries.
//!
//! `framehop` would take such a frame for one with a frame pointer, and remember that.

use gimli::{
    CfaRule, EhFrame, EhFrameHdr, Encoding, EndianSlice, Evaluation, EvaluationResult, Format,
    Location, NativeEndian, Register, RegisterRule, UnwindContext, UnwindExpression, UnwindSection,
    UnwindTableRow, Value,
};

use super::index;
use super::registers::{self, Walk};
use super::stack::CopiedStack;
use super::tables::Tables;

/// Steps of one expression, at most: the longest that linkers write have nine.
const MAX_STEPS: u32 = 100;

type Slice<'a> = EndianSlice<'a, NativeEndian>;

/// What the tables say of an address.
#[derive(Clone, Debug)]
pub(super) enum Cover {
    /// What `framehop` follows.
    Plain,
    /// What it does not.
    Row(Row),
    /// The end of a signal handler returns here.
    Signal,
    /// It counts from a register that is not known.
    Lost,
    /// Nothing.
    Nothing,
}

/// How to find the caller's registers.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The frame's address: the caller's stack pointer.
    frame: Found,
    return_address: Found,
    frame_pointer: Found,
}

/// Where a value is.
#[derive(Clone, Debug)]
enum Found {
    /// It has not changed.
    Same,
    /// A register and a number; a value.
    Register(Register, i64),
    /// The word so far from the frame's address.
    At(i64),
    /// The frame's address and a number; a value.
    Value(i64),
    /// The word where the expression leads.
    AtExpression(Box<[u8]>),
    /// The expression's value.
    Expression(Box<[u8]>),
}

/// Reads rows; keeps the memory that it needs for that.
#[derive(Default)]
pub(super) struct Rows {
    context: UnwindContext<usize>,
}

impl Rows {
    /// What `tables` say of the code at `address`, as the file numbers it.
    pub(super) fn cover(&mut self, tables: &Tables, address: u64) -> Cover {
        self.find(tables, address).unwrap_or(Cover::Nothing)
    }

    fn find(&mut self, tables: &Tables, address: u64) -> Option<Cover> {
        let (table, index) = (tables.eh_frame.as_ref()?, tables.eh_frame_hdr.as_ref()?);
        let bases = index::bases(tables);
        let mut section = EhFrame::new(&table.bytes, NativeEndian);
        section.set_address_size(8);
        let header = EhFrameHdr::new(&index.bytes, NativeEndian)
            .parse(&bases, 8)
            .ok()?;
        let entry = (header.table()?)
            .fde_for_address(&section, &bases, address, EhFrame::cie_from_offset)
            .ok()?;
        if entry.is_signal_trampoline() {
            return Some(Cover::Signal);
        }
        let row = (entry)
            .unwind_info_for_address(&section, &bases, &mut self.context, address)
            .ok()?;
        Some(cover_of(row, &section))
    }
}

fn cover_of(row: &UnwindTableRow<usize>, section: &EhFrame<Slice<'_>>) -> Cover {
    let frame_pointer = row.register(registers::FRAME);
    let return_address = row.register(registers::RETURN);
    if registers::is_plain(row.cfa(), frame_pointer.as_ref(), return_address.as_ref()) {
        return Cover::Plain;
    }
    let read = || {
        Some(Row {
            frame: match row.cfa() {
                CfaRule::RegisterAndOffset { register, offset } => {
                    registers::is_known(*register).then_some(Found::Register(*register, *offset))?
                }
                CfaRule::Expression(expression) => Found::Expression(bytes(expression, section)?),
            },
            return_address: found(return_address, section)?,
            frame_pointer: found(frame_pointer, section).unwrap_or(Found::Same),
        })
    };
    read().map_or(Cover::Lost, Cover::Row)
}

fn found(rule: Option<RegisterRule<usize>>, section: &EhFrame<Slice<'_>>) -> Option<Found> {
    Some(match rule {
        None | Some(RegisterRule::SameValue | RegisterRule::Undefined) => Found::Same,
        Some(RegisterRule::Offset(offset)) => Found::At(offset),
        Some(RegisterRule::ValOffset(offset)) => Found::Value(offset),
        Some(RegisterRule::Register(register)) => {
            registers::is_known(register).then_some(Found::Register(register, 0))?
        }
        Some(RegisterRule::Expression(expression)) => {
            Found::AtExpression(bytes(&expression, section)?)
        }
        Some(RegisterRule::ValExpression(expression)) => {
            Found::Expression(bytes(&expression, section)?)
        }
        Some(_) => return None,
    })
}

fn bytes(expression: &UnwindExpression<usize>, section: &EhFrame<Slice<'_>>) -> Option<Box<[u8]>> {
    let expression = expression.get(section).ok()?;
    Some(expression.0.slice().into())
}

impl Row {
    /// Goes from `walk` to the caller's registers; `None`: a word that is needed is not there.
    pub(super) fn step(&self, walk: &mut Walk, stack: &mut CopiedStack<'_>) -> Option<u64> {
        let frame = self.frame.value(walk, 0, stack, walk.stack_pointer())?;
        let return_address =
            (self.return_address).value(walk, frame, stack, walk.return_address())?;
        let frame_pointer = walk.frame_pointer();
        // In a leaf's last instructions it is taken back already, and was below the stack pointer.
        let frame_pointer = (self.frame_pointer)
            .value(walk, frame, stack, frame_pointer)
            .unwrap_or(frame_pointer);
        walk.go(return_address, frame, frame_pointer);
        Some(return_address)
    }
}

impl Found {
    fn value(
        &self,
        walk: &Walk,
        frame: u64,
        stack: &mut CopiedStack<'_>,
        same: u64,
    ) -> Option<u64> {
        match self {
            Self::Same => Some(same),
            Self::Register(register, more) => Some(walk.get(*register)?.wrapping_add_signed(*more)),
            Self::At(offset) => stack.read(frame.wrapping_add_signed(*offset)).ok(),
            Self::Value(offset) => Some(frame.wrapping_add_signed(*offset)),
            Self::AtExpression(expression) => {
                let address = evaluate(expression, walk, frame, stack)?;
                stack.read(address).ok()
            }
            Self::Expression(expression) => evaluate(expression, walk, frame, stack),
        }
    }
}

/// The value of an expression. A rule for a register starts with the frame's address on its stack.
fn evaluate(
    expression: &[u8],
    walk: &Walk,
    frame: u64,
    stack: &mut CopiedStack<'_>,
) -> Option<u64> {
    const ENCODING: Encoding = Encoding {
        address_size: 8,
        format: Format::Dwarf32,
        version: 4,
    };
    let mut evaluation = Evaluation::new(EndianSlice::new(expression, NativeEndian), ENCODING);
    evaluation.set_max_iterations(MAX_STEPS);
    evaluation.set_initial_value(frame);
    let mut result = evaluation.evaluate().ok()?;
    loop {
        result = match result {
            EvaluationResult::Complete => break,
            EvaluationResult::RequiresRegister { register, .. } => {
                evaluation.resume_with_register(Value::Generic(walk.get(register)?))
            }
            EvaluationResult::RequiresMemory {
                address, size: 8, ..
            } => evaluation.resume_with_memory(Value::Generic(stack.read(address).ok()?)),
            _ => return None,
        }
        .ok()?;
    }
    match evaluation.as_result().last()?.location {
        Location::Address { address } => Some(address),
        _ => None,
    }
}
