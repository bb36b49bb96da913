"""Never imported: the runtime of these tests is scripted."""
