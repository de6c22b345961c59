-- The newest schema, one text for both engines. MariaDB and MySQL run what stands in /*! ... */, SQLite
-- takes it for a comment, and db/sqlite.py respells AUTO_INCREMENT. Times are UTC. A change here is also a
-- migration in db/schema.py.

CREATE TABLE users (
    id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
    user_name VARCHAR(255) NOT NULL,
    user_password VARCHAR(255) NOT NULL,
    token VARCHAR(255),
    is_admin BOOL NOT NULL DEFAULT FALSE,
    CONSTRAINT users_by_name UNIQUE (user_name)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

CREATE TABLE messages (
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

-- waiting_id is the first message that no operator has answered yet, NULL when all are answered.
CREATE TABLE conversations (
    user_id INTEGER /*! UNSIGNED */ PRIMARY KEY,
    waiting_id INTEGER /*! UNSIGNED */,
    CONSTRAINT conversation_of_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT conversations_by_waiting UNIQUE (waiting_id)
) /*! ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin */;

CREATE TABLE schema_version (
    version INTEGER NOT NULL
) /*! ENGINE = InnoDB */;
