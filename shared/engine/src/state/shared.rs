use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// A document that is copied only when it is changed: most decisions change one of the three, or none. Where nothing
/// was changed, comparing takes no look inside either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared<T>(Arc<T>);

impl<T> From<T> for Shared<T> {
    fn from(document: T) -> Self {
        Self(Arc::new(document))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_copy_leaves_the_original_as_it_was() {
        let original = Shared::from(vec![1]);
        let mut copy = original.clone();
        assert!(Arc::ptr_eq(&original.0, &copy.0));
        copy.push(2);
        assert_eq!((original.len(), copy.len()), (1, 2));
        assert_ne!(original, copy);
        copy.pop();
        assert_eq!(original, copy);
    }
}
