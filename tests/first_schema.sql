CREATE TABLE users (
    id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
    user_name VARCHAR(255) NOT NULL,
    user_password VARCHAR(255) NOT NULL,
    token VARCHAR(255),
    is_admin BOOL NOT NULL DEFAULT FALSE
) /*! DEFAULT CHARSET = utf8mb4 */;

CREATE TABLE messages (
    id INTEGER /*! UNSIGNED */ PRIMARY KEY AUTO_INCREMENT,
    user_id INTEGER /*! UNSIGNED */,
    invader_name VARCHAR(255) NOT NULL,
    message TEXT,
    created DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    is_from_support BOOL NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id)
) /*! DEFAULT CHARSET = utf8mb4 */;
