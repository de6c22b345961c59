-- The newest schema, one text for both engines. MariaDB and MySQL run what stands in /*! ... */, SQLite
-- takes it for a comment, and db/sqlite.py respells AUTO_INCREMENT. Times are UTC. A change here is also a
-- migration in db/schema.py.

CREATE TABLE IF NOT EXISTS users (
    id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
    user_name VARCHAR(255) NOT NULL,
    user_password VARCHAR(255) NOT NULL,
    token VARCHAR(255),
    is_admin BOOL NOT NULL DEFAULT FALSE,
    CONSTRAINT users_by_name UNIQUE (user_name)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

CREATE TABLE IF NOT EXISTS messages (
    id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
    user_id INTEGER /*! UNSIGNED */,
    invader_name VARCHAR(255) NOT NULL,
    message TEXT,
    created DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    is_from_support BOOL NOT NULL,
    client_key VARCHAR(64),
    CONSTRAINT messages_of_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT messages_by_user UNIQUE (user_id, id),
    CONSTRAINT messages_by_key UNIQUE (user_id, client_key, invader_name)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

-- A row for each customer with a message or a note. waiting_id is the first message that waits for an answer, NULL
-- where none does or the conversation is closed; last_id is its newest message, 0 without one. Each side's unread
-- counts the other's messages above its read_id. version rises with every change.
CREATE TABLE IF NOT EXISTS conversations (
    user_id INTEGER /*! UNSIGNED */ PRIMARY KEY,
    waiting_id INTEGER /*! UNSIGNED */,
    is_closed BOOL NOT NULL DEFAULT FALSE,
    operator_id INTEGER /*! UNSIGNED */,
    last_id INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0,
    customer_read_id INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0,
    operator_read_id INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0,
    customer_unread INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0,
    operator_unread INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 0,
    version INTEGER /*! UNSIGNED */ NOT NULL DEFAULT 1,
    CONSTRAINT conversation_of_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT conversations_by_waiting UNIQUE (waiting_id),
    CONSTRAINT conversations_by_status UNIQUE (is_closed, last_id, user_id),
    CONSTRAINT conversations_by_operator UNIQUE (operator_id, is_closed, last_id, user_id),
    CONSTRAINT conversations_by_activity UNIQUE (last_id, user_id)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

-- What operators note on a conversation, behind the message message_id. Customers never see it.
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
    user_id INTEGER /*! UNSIGNED */ NOT NULL,
    operator_name VARCHAR(255) NOT NULL,
    note TEXT NOT NULL,
    created DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    message_id INTEGER /*! UNSIGNED */ NOT NULL,
    client_key VARCHAR(64),
    CONSTRAINT notes_of_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT notes_by_user UNIQUE (user_id, id),
    CONSTRAINT notes_by_key UNIQUE (user_id, client_key, operator_name)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

-- The desk's canned replies.
CREATE TABLE IF NOT EXISTS replies (
    shortcut VARCHAR(64) NOT NULL,
    reply TEXT NOT NULL,
    CONSTRAINT replies_by_shortcut UNIQUE (shortcut)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

-- How far the search index is, which each engine has in its own way: see db/sqlite.py and db/mysql.py.
CREATE TABLE IF NOT EXISTS search_progress (
    indexed_id INTEGER /*! UNSIGNED */ NOT NULL
) /*! ENGINE = InnoDB */;

CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL
) /*! ENGINE = InnoDB */;
