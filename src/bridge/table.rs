//! The table of an environment's connections.

use super::ConnectionId;

/// Values by generational id; indices are reused, ids are not.
#[derive(Debug)]
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Table<T> {
    /// Adds the value that `make` returns for the id it is given, and returns
    /// a copy of it, or `None` if all 2^32 indices are taken.
    pub fn insert_with(&mut self, make: impl FnOnce(ConnectionId) -> T) -> Option<T>
    where
        T: Clone,
    {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            let value = make(ConnectionId {
                index,
                generation: slot.generation,
            });
            slot.value = Some(value.clone());
            return Some(value);
        }
        let index = u32::try_from(self.slots.len()).ok()?;
        let value = make(ConnectionId {
            index,
            generation: 0,
        });
        self.slots.push(Slot {
            generation: 0,
            value: Some(value.clone()),
        });
        Some(value)
    }

    /// The value of `id`, or `None` if it was removed.
    #[must_use]
    pub fn get(&self, id: ConnectionId) -> Option<&T> {
        let slot = self.slots.get(id.index as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        slot.value.as_ref()
    }

    /// What has the index now, whichever its generation.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value.as_ref()
    }

    /// Removes what has the index now; its id finds nothing from here on.
    pub fn remove(&mut self, index: u32) -> Option<T> {
        let slot = self.slots.get_mut(index as usize)?;
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        Some(value)
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(table: &mut Table<ConnectionId>) -> ConnectionId {
        table.insert_with(|id| id).expect("the table is not full")
    }

    #[test]
    fn index_is_reused_and_id_is_not() {
        let mut table = Table::default();
        let first = insert(&mut table);
        assert_eq!(table.remove(first.index), Some(first));
        let second = insert(&mut table);
        assert_eq!(second.index, first.index);
        assert_ne!(second, first);
        assert_eq!(table.get(first), None);
        assert_eq!(table.get(second), Some(&second));
    }

    #[test]
    fn removing_twice_removes_nothing_else() {
        let mut table = Table::default();
        let first = insert(&mut table);
        let other = insert(&mut table);
        table.remove(first.index);
        assert_eq!(table.remove(first.index), None);
        assert_eq!(table.iter().collect::<Vec<_>>(), [&other]);
    }
}
