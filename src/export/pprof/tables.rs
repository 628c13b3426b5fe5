//! What a file's lists refer to: positions in its string table, and ids.

use std::collections::HashMap;
use std::sync::Arc;

use super::wire::{self, Lists, Read};

/// Text copied out of the string table is at most this many times the file, plus [`TEXT_ANYWAY`]: a hostile file may
/// name one long text a million times. Real files stay below 2.
const TEXT_FACTOR: usize = 16;
const TEXT_ANYWAY: usize = 1 << 20;

/// The string table.
pub(super) struct Texts<'a> {
    all: Vec<&'a str>,
    /// One shared copy of each text that labels use.
    shared: Vec<Option<Arc<str>>>,
    /// Bytes that may still be copied.
    budget: usize,
}

impl<'a> Texts<'a> {
    /// The string table of an unpacked file of `size` bytes.
    pub(super) fn read(lists: &Lists<'a>, size: usize) -> Read<Self> {
        let mut all = Vec::with_capacity(lists.count(wire::STRING));
        lists.each(wire::STRING, |text| {
            let text = str::from_utf8(text)
                .map_err(|error| format!("text {} is not UTF-8: {error}", all.len()))?;
            all.push(text);
            Ok(())
        })?;
        match all.first() {
            Some(&"") => Ok(Self {
                shared: vec![None; all.len()],
                all,
                budget: size.saturating_mul(TEXT_FACTOR) + TEXT_ANYWAY,
            }),
            Some(_) => Err("the first of its texts is not the empty one".to_owned()),
            None => Err("it has no table of texts: of another format".to_owned()),
        }
    }

    /// A copy of a text.
    pub(super) fn owned(&mut self, position: i64) -> Read<String> {
        let text = self.at(position)?;
        self.budget = self
            .budget
            .checked_sub(text.len() + size_of::<String>())
            .ok_or("its texts are repeated so often that they do not fit into memory")?;
        Ok(text.to_owned())
    }

    /// A text that many labels share.
    pub(super) fn shared(&mut self, position: i64) -> Read<Arc<str>> {
        let text = self.at(position)?;
        let copy = self.shared.get_mut(position as usize);
        Ok(match copy {
            Some(copy) => Arc::clone(copy.get_or_insert_with(|| text.into())),
            None => text.into(),
        })
    }

    fn at(&self, position: i64) -> Read<&'a str> {
        usize::try_from(position)
            .ok()
            .and_then(|position| self.all.get(position).copied())
            .ok_or_else(|| format!("there is no text {position}, only {}", self.all.len()))
    }
}

/// The ids of one list, and the positions they stand for.
pub(super) struct Ids {
    /// What the list holds, for errors.
    name: &'static str,
    /// The first so many ids count 1, 2, 3, …, as nearly all files have them.
    in_order: u64,
    others: HashMap<u64, u32>,
}

impl Ids {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            in_order: 0,
            others: HashMap::new(),
        }
    }

    /// The next element of the list has this id.
    pub(super) fn add(&mut self, id: u64) -> Read<()> {
        if id == 0 {
            return Err("its id is 0, which stands for none".to_owned());
        }
        if self.others.is_empty() && id == self.in_order + 1 {
            self.in_order = id;
            return Ok(());
        }
        let index = u32::try_from(self.in_order + self.others.len() as u64)
            .map_err(|_| format!("more than 2^32 of kind {}", self.name))?;
        match id <= self.in_order || self.others.insert(id, index).is_some() {
            true => Err(format!("an earlier {} has its id {id}, too", self.name)),
            false => Ok(()),
        }
    }

    /// Where the element with this id stands.
    pub(super) fn index(&self, id: u64) -> Read<u32> {
        let index = match id {
            0 => None,
            id if id <= self.in_order => u32::try_from(id - 1).ok(),
            id => self.others.get(&id).copied(),
        };
        index.ok_or_else(|| format!("there is no {} with id {id}", self.name))
    }
}
