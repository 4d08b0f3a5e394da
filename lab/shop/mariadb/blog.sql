-- The shop's second, small database: a blog on MariaDB. Runs in an empty database; the rows are the same each time.
SET NAMES utf8mb4;
CREATE TABLE authors (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE) ENGINE=InnoDB;
CREATE TABLE posts (
  id      INT AUTO_INCREMENT PRIMARY KEY,
  author  INT          NOT NULL,
  title   VARCHAR(200) NOT NULL,
  body    TEXT         NOT NULL,
  picture BLOB,
  price   DECIMAL(10, 2),
  taxed   DECIMAL(12, 2) AS (ROUND(price * 1.18, 2)) STORED,
  tags    JSON,
  at      DATETIME(6)  NOT NULL DEFAULT NOW(6),
  FOREIGN KEY (author) REFERENCES authors (id)
) ENGINE=InnoDB;
CREATE TABLE seen (post INT NOT NULL, n INT NOT NULL DEFAULT 1, PRIMARY KEY (post)) ENGINE=InnoDB;
INSERT INTO authors (name) VALUES ('Aïssatou'), ('נועה'), ('さくら'), ('ليلى 😀'), ('O''Neil "the \\ slash"');
INSERT INTO posts (author, title, body, picture, price, tags, at)
SELECT 1 + seq % 5, CONCAT('Post ', seq), CONCAT(REPEAT('Grain stays dry; עברית 日本語. ', 5), seq), UNHEX(CONCAT('00FF0A0D1A275C', SHA2(seq, 256))),
  seq / 100, JSON_OBJECT('n', seq), '2026-01-01 00:00:00' + INTERVAL seq MINUTE FROM seq_1_to_5000;
CREATE SEQUENCE issue START 100;
DO NEXTVAL(issue);
CREATE VIEW newest AS SELECT id, title, at FROM posts WHERE id > 4900;
DELIMITER //
CREATE FUNCTION taxed(price DECIMAL(10, 2)) RETURNS DECIMAL(12, 2) DETERMINISTIC RETURN ROUND(price * 1.18, 2)//
CREATE PROCEDURE publish(IN title VARCHAR(200)) BEGIN
  INSERT INTO posts (author, title, body, price) VALUES (1, title, 'published', NEXTVAL(issue));
END//
CREATE TRIGGER noticed AFTER INSERT ON posts FOR EACH ROW INSERT INTO seen (post) VALUES (NEW.id) ON DUPLICATE KEY UPDATE n = n + 1//
CREATE EVENT forget ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DO DELETE FROM seen WHERE n > 1000000//
DELIMITER ;
