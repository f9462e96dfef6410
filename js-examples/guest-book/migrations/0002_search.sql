CREATE VIRTUAL TABLE search USING fts5(words, content='entries', content_rowid='id');

CREATE TRIGGER search_entry AFTER INSERT ON entries BEGIN
  INSERT INTO search (rowid, words) VALUES (new.id, new.words);
END;
