"""Pictures and tables of a model's answers: when they arrived, how long a reader waited, what the bytes were for."""
