\ir ../ten_thousand_streams.sql
